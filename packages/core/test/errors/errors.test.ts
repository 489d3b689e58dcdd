import { expect, test } from 'vitest';
import { accept, assert, isMurmurError, MurmurError, refuse, unreachable } from '../../src/index.ts';

test('a MurmurError carries code, message, remedy, facts and cause', () => {
  const cause = new Error('below');
  const error = new MurmurError({ code: 'A_B', message: 'what', remedy: 'do', facts: { n: 1 }, cause });
  expect(error).toMatchObject({
    name: 'MurmurError',
    code: 'A_B',
    message: 'what',
    remedy: 'do',
    facts: { n: 1 },
    cause,
  });
  expect(error).toBeInstanceOf(Error);
  expect(String(error)).toBe('MurmurError: what');
});

test('without remedy, facts and cause these are undefined, empty and absent', () => {
  const error = new MurmurError({ code: 'A_B', message: 'what' });
  expect(error.remedy).toBeUndefined();
  expect(error.facts).toEqual({});
  expect('cause' in error).toBe(false);
});

test('isMurmurError tells ours from others, and one code from another', () => {
  const error: unknown = new MurmurError({ code: 'A_B', message: 'what' });
  expect(isMurmurError(error)).toBe(true);
  expect(isMurmurError(error, 'A_B')).toBe(true);
  expect(isMurmurError(error, 'A_C')).toBe(false);
  expect(isMurmurError(Object.assign(new Error('x'), { code: 'A_B' }))).toBe(false);
  expect(isMurmurError(undefined)).toBe(false);
});

test('a refusal without detail has no detail key', () => {
  expect(refuse('stale-view')).toEqual({ ok: false, reason: 'stale-view' });
  expect(Object.keys(refuse('stale-view'))).toEqual(['ok', 'reason']);
  expect(refuse('stale-view', 'view 3')).toEqual({ ok: false, reason: 'stale-view', detail: 'view 3' });
  expect(accept(undefined)).toEqual({ ok: true, value: undefined });
});

test('a failed assertion stops, and a closed switch names the value that got there', () => {
  expect(() => assert(true, 'fine')).not.toThrow();
  expect(() => assert(0, 'zero')).toThrow('assertion failed: zero');
  expect(() => unreachable('prepare' as never)).toThrow('"prepare"');
});
