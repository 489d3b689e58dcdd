import { describe, expect, test } from 'vitest';
import { Explorer, type SearchResult } from './explorer.ts';
import { type PbftBound, pbftSubject } from './pbft.ts';
import { copyOf, printOf } from './snapshot.ts';
import { VALUES } from './values.ts';

const MAX_STATES = 20_000;

function search(bound: PbftBound): SearchResult {
  return new Explorer(pbftSubject(bound), { maxStates: MAX_STATES }).run();
}

describe('bounded search over the PBFT engine, n = 4', () => {
  test('one view, an equivocating primary: each value can commit, and never both', { timeout: 120_000 }, () => {
    const { exhaustive, states, commits } = search({ liar: 0, views: 1, quorum: 3 });
    expect(exhaustive).toBe(true);
    expect(states).toBeGreaterThan(50);
    expect(commits).toEqual(['A by view 0', 'B by view 0']);
  });

  test('two views, a primary that others can follow with another value: what committed is carried', {
    timeout: 120_000,
  }, () => {
    const found = search({ liar: 0, views: 2, quorum: 3, liesIn: 1, lies: [VALUES[1]] });
    expect(found.exhaustive).toBe(true);
    expect(found.states).toBeGreaterThan(1000);
    expect(found.commits).toEqual(['A by view 1', 'B by view 0', 'B by view 1']);
  });

  test('two views, a backup that votes for what was not proposed', { timeout: 120_000 }, () => {
    const { exhaustive, commits } = search({ liar: 3, views: 2, quorum: 3, liesIn: 1 });
    expect(exhaustive).toBe(true);
    expect(commits).toEqual(['A by view 0', 'A by view 1']);
  });

  test('a quorum of two is caught, and the way to it told', { timeout: 120_000 }, () => {
    const { exhaustive, violation = [] } = search({ liar: 0, views: 2, quorum: 2 });
    expect(exhaustive).toBe(false);
    expect(violation.at(-1)).toContain('has committed');
    expect(violation.join('\n')).toMatch(/has committed A[\s\S]*has committed B|has committed B[\s\S]*has committed A/);
  });

  test('a search that gives up does not call itself exhaustive', () => {
    const subject = pbftSubject({ liar: 0, views: 1, quorum: 3 });
    expect(new Explorer(subject, { maxStates: 10 }).run().exhaustive).toBe(false);
  });
});

describe('copies and prints of a state', () => {
  const shared = { key: Uint8Array.of(9) };
  const fixed = new Set<unknown>([shared]);
  const sample = () => ({ list: [1, undefined, Uint8Array.of(1, 2)], by: new Map([['a', new Set([1])]]), shared });

  test('a copy prints alike, and a change to it does not reach the original', () => {
    const original = sample();
    const copy = copyOf(original, fixed);
    expect(printOf(copy, fixed)).toBe(printOf(original, fixed));
    copy.by.get('a')?.add(2);
    copy.list[0] = 7;
    expect(printOf(original, fixed)).toBe(printOf(sample(), fixed));
    expect(printOf(copy, fixed)).not.toBe(printOf(original, fixed));
    expect(copy.shared).toBe(shared);
  });

  test('what stands twice in a state stands twice, and not as two, in its copy', () => {
    const one = { votes: [1] };
    const copy = copyOf({ first: one, second: one }, new Set());
    expect(copy.first).toBe(copy.second);
    expect(copy.first).not.toBe(one);
  });
});
