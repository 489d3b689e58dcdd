import { describe, expect, test } from 'vitest';
import { checkTransition, maxFaulty, quorum } from '../../src/index.ts';
import { setOf, voter, voters } from './sets.ts';

const seven = voters('a', 'b', 'c', 'd', 'e', 'f', 'g');
const four = seven.slice(0, 4);
const reason = (result: { ok: boolean; reason?: string }) => (result.ok ? 'ok' : result.reason);
const from = (before: ReturnType<typeof voters>, after: ReturnType<typeof voters>) =>
  reason(checkTransition(setOf(before), setOf(after, 1)));

describe('what may follow a replica set', () => {
  test('f voters may leave at a time, and no more', () => {
    expect(from(seven, seven.slice(2))).toBe('ok');
    expect(from(seven, seven.slice(3))).toBe('too-many-leave');
  });

  test('a new key counts as leaving', () => {
    const rotated = [voter('a', 1), voter('b', 1), ...seven.slice(2)];
    expect(from(seven, rotated)).toBe('ok');
    expect(from(seven, rotated.slice(0, 6))).toBe('too-many-leave');
  });

  test('four replicas do not become three, but one may take the place of another', () => {
    expect(from(four, four.slice(1))).toBe('too-few-replicas');
    expect(from(four, [...four.slice(1), voter('x')])).toBe('ok');
  });

  test('as many join as the new set tolerates to be silent', () => {
    const more = (n: number) => Array.from({ length: n }, (_, i) => voter(`new ${i}`));
    for (let n = 1; n <= 12; n++) {
      const before = more(12 + n).slice(12);
      for (let joining = 1; joining <= 12; joining++) {
        const fits = joining <= Math.max(1, maxFaulty(n + joining));
        expect(from(before, [...before, ...more(joining)])).toBe(fits ? 'ok' : 'too-many-join');
        // What the rule is for: those that know the state are a quorum of the new set by themselves.
        if (fits && n >= 3) expect(n).toBeGreaterThanOrEqual(quorum(n + joining));
      }
    }
  });

  test('another chain, an epoch out of turn, and unusable keys are refused', () => {
    expect(reason(checkTransition(setOf(four), setOf(four, 1, 'other')))).toBe('other-chain');
    expect(reason(checkTransition(setOf(four), setOf(four, 2)))).toBe('wrong-next-epoch');
    expect(reason(checkTransition(setOf(four, 3), setOf(four, 3)))).toBe('wrong-next-epoch');
    const [a, b, c] = four as [(typeof four)[0], (typeof four)[0], (typeof four)[0]];
    expect(from(four, [a, b, c, { ...voter('x'), key: a.key }])).toBe('key-twice');
    expect(from(four, [a, b, c, { ...voter('x'), device: a.device }])).toBe('device-twice');
    expect(from(four, [a, b, c, { ...voter('x'), key: new Uint8Array(32) }])).toBe('bad-key');
    expect(from(four, [a, b, c, { ...voter('x'), key: new Uint8Array(31) }])).toBe('bad-key');
  });
});
