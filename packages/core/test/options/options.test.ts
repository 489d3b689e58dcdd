import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkInteger, checkNumber, editDistance, nearest, refuseUnknownKeys } from '../../src/index.ts';

describe('nearest', () => {
  const known = ['rounds', 'replicas', 'strategy', 'alpha', 'listen'];

  test.each([
    ['round', 'rounds'],
    ['replcias', 'replicas'],
    ['STRATEGY', 'strategy'],
    ['alfa', 'alpha'],
    ['lisetn', 'listen'],
    ['temperature', undefined],
    ['', undefined],
  ])('%j → %j', (word, meant) => {
    expect(nearest(word, known)).toBe(meant);
  });

  test('a known word is its own nearest, and without candidates there is none', () => {
    for (const word of known) expect(nearest(word, known)).toBe(word);
    expect(nearest('rounds', [])).toBeUndefined();
  });
});

describe('edit distance', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 7 });

  test('is Levenshtein’s', () => {
    expect(editDistance('kitten', 'sitting')).toBe(3);
    expect(editDistance('', 'abc')).toBe(3);
  });

  test('is a metric', () => {
    fc.assert(fc.property(word, word, (a, b) => editDistance(a, b) === editDistance(b, a)));
    fc.assert(fc.property(word, word, (a, b) => (editDistance(a, b) === 0) === (a === b)));
    fc.assert(
      fc.property(word, word, word, (a, b, c) => editDistance(a, c) <= editDistance(a, b) + editDistance(b, c)),
    );
  });

  test('equals a recursive definition', () => {
    const slow = (a: string, b: string): number => {
      if (a === '' || b === '') return a.length + b.length;
      const change = slow(a.slice(1), b.slice(1)) + (a[0] === b[0] ? 0 : 1);
      return Math.min(change, slow(a.slice(1), b) + 1, slow(a, b.slice(1)) + 1);
    };
    const short = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 5 });
    fc.assert(fc.property(short, short, (a, b) => editDistance(a, b) === slow(a, b)));
  });
});

describe('option checks', () => {
  test('an unknown key is named with its nearest match', () => {
    expect(() => refuseUnknownKeys({ rounds: 1, allpha: 2 }, ['rounds', 'alpha'], 'the training plan')).toThrow(
      expect.objectContaining({
        code: 'OPTION_UNKNOWN',
        message: 'the training plan has no option "allpha"',
        remedy: 'did you mean "alpha"?',
        facts: { key: 'allpha', where: 'the training plan', nearest: 'alpha' },
      }),
    );
  });

  test('an unknown key that is near to none is told what is known', () => {
    expect(() => refuseUnknownKeys({ colour: 1 }, ['rounds', 'alpha'], 'the plan')).toThrow(
      expect.objectContaining({ remedy: 'known are rounds, alpha', facts: { key: 'colour', where: 'the plan' } }),
    );
    expect(() => refuseUnknownKeys({ rounds: 1 }, ['rounds'], 'the plan')).not.toThrow();
  });

  test.each([0, 8, 4.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])('an integer from 1 to 7 is not %d', (value) => {
    const facts = { name: 'replicas', value: String(value) };
    expect(() => checkInteger('replicas', value, 1, 7)).toThrow(
      expect.objectContaining({
        code: 'OPTION_OUT_OF_RANGE',
        remedy: 'give replicas as an integer from 1 to 7',
        facts,
      }),
    );
  });

  test('the ends of a range belong to it', () => {
    expect([checkInteger('n', 1, 1, 7), checkInteger('n', 7, 1, 7)]).toEqual([1, 7]);
    expect([checkNumber('alpha', 0, 0, 1), checkNumber('alpha', 1, 0, 1)]).toEqual([0, 1]);
    for (const value of [-0.01, 1.01, Number.NaN]) {
      expect(() => checkNumber('alpha', value, 0, 1)).toThrow(expect.objectContaining({ code: 'OPTION_OUT_OF_RANGE' }));
    }
  });

  test('text given for a number is refused', () => {
    const given = JSON.parse('"7"') as number;
    expect(() => checkInteger('replicas', given, 1, 7)).toThrow(
      expect.objectContaining({ code: 'OPTION_OUT_OF_RANGE' }),
    );
  });
});
