import { describe, expect, test } from 'vitest';
import { parseRoute, pathOf } from '../src/routing/routes.ts';

describe('addresses', () => {
  test.each([
    ['/', { page: 'overview' }],
    ['/topology', { page: 'topology' }],
    ['/devices/', { page: 'devices' }],
    ['/rounds/names-1/7', { page: 'round', job: 'names-1', round: 7 }],
    ['/evidence/ab12', { page: 'evidence', id: 'ab12' }],
  ])('%s names its page', (path, route) => {
    expect(parseRoute(path)).toEqual(route);
  });

  test.each([
    '/nowhere',
    '/rounds/names-1',
    '/rounds/j/0',
    '/rounds/j/1.5',
    '/rounds/j/1/2',
    '/evidence/a/b',
    '/%E0%A4%A',
  ])('%s names none, and is not a crash', (path) => {
    expect(parseRoute(path)).toEqual({ page: 'missing', path });
  });

  test('what a page links to is what the router reads, whatever characters an id has', () => {
    for (const id of ['a', 'ä/ö', '100%', 'a b?c#d']) {
      expect(parseRoute(pathOf.device(id))).toEqual({ page: 'device', id });
      expect(parseRoute(pathOf.evidence(id))).toEqual({ page: 'evidence', id });
      expect(parseRoute(pathOf.round(id, 3))).toEqual({ page: 'round', job: id, round: 3 });
    }
  });
});
