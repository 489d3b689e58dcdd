import { seededRandom, toHex } from '@murmuration/core';
import { expect, test } from 'vitest';
import { type Fate, fateNumber, type Setting, seedTextOf, subsetFates, tryFate, wantedOf, waysOf } from './dropouts.ts';
import { withForgottenMask, withWrongSign } from './planted.ts';
import { createWorld, type LostAfter, plainSum, runWorld } from './world.ts';

const STAGES: readonly LostAfter[] = ['start', 'keys', 'ciphertexts', 'shares', 'masked'];

/** Tries fates, each of which must come to what the rule says. @returns how many released a sum, how many nothing */
function tryAll(setting: Setting, fates: Iterable<Fate>) {
  const tally = { released: 0, voided: 0 };
  for (const fate of fates) {
    const { released, wrong } = tryFate(setting, fate);
    if (wrong !== undefined) expect([setting, fate, wrong]).toEqual([setting, fate, undefined]);
    tally[released ? 'released' : 'voided']++;
  }
  return tally;
}

function* everyFate(setting: Setting): Generator<Fate> {
  for (let number = 0; number < waysOf(setting); number++) yield fateNumber(number, setting);
}

const PATIENCE = { timeout: 600_000 };

// A sum needs 3 of 5 and 4 of 6, so it survives 10 + 5 subsets of 5, and 15 + 6 of 6, at each of five stages.
test.each([
  [5, { released: 1 + 5 * 15, voided: 5 * 16 }],
  [6, { released: 1 + 5 * 21, voided: 5 * 42 }],
])(
  'every subset of %i members lost at every stage: the sum of those whose vectors came, or void',
  PATIENCE,
  (size, tally) => expect(tryAll({ size }, subsetFates({ size }))).toEqual(tally),
);

// Released where all but one stay to the end, whatever that one does.
test.each([
  [3, { released: 3 * 5 + 1, voided: 216 - 16 }],
  [4, { released: 4 * 5 + 1, voided: 1296 - 21 }],
])(
  'every way in which %i members vanish, each at a stage of its own: the sum of those whose vectors came, or void',
  PATIENCE,
  (size, tally) => expect(tryAll({ size }, everyFate({ size }))).toEqual(tally),
);

test('in a plan with a norm bound the sum is of those who proved it, whoever vanishes before or after', () => {
  // All 343 ways: `npm run sim -- secure-aggregation-dropouts`.
  const setting = { size: 3, norm: { bound: 8191, projections: 1 } };
  const fates: Fate[] = [
    ['masked', 'none', 'none'],
    ['none', 'proven', 'none'],
    ['proven', 'masked', 'none'],
    ['masked', 'none', 'masked'],
  ];
  expect(tryAll(setting, fates)).toEqual({ released: 2, voided: 2 });
});

test('the same on a ring, where members need their neighbours, with more survivors asked for, and a committed roster', () => {
  const random = seededRandom('settings');
  const some = (size: number) => Array.from({ length: 16 }, () => fateNumber(random.below(6 ** size), { size }));
  const few = (size: number, lost: number): Fate[] =>
    some(size).map((fate) => fate.map((stage, member) => (member < size - lost ? 'none' : stage)));
  for (const setting of [
    { size: 6, degree: 2 },
    { size: 6, degree: 4 },
    { size: 5, minSurvivors: 4 },
    { size: 5, roster: 'committed' },
  ] as const) {
    const tally = tryAll(setting, [...some(setting.size), ...few(setting.size, 2)]);
    expect([setting, Math.min(tally.released, tally.voided) > 5]).toEqual([setting, true]);
  }
});

test('a member that turns the sign of one mask, and a server that forgets one, are found: positive control', () => {
  const setting = { size: 4 };
  const found = { sign: 0, forgotten: 0 };
  for (const fate of subsetFates(setting)) {
    const text = seedTextOf(setting, fate);
    const { plan } = createWorld({ seedText: text, ...setting, unsigned: true });
    const wanted = wantedOf(plan, fate);
    if (!('survivors' in wanted)) continue;
    const isIn = (member: number) => wanted.survivors.includes(member);
    const hasShared = (member: number) => ['shares', 'masked', 'none'].includes(fate[member] as LostAfter);
    const sign = tryFate(setting, fate, (world) => withWrongSign(world, text, 1, 2)).wrong;
    expect([fate, sign]).toEqual([fate, isIn(1) && hasShared(2) ? 'the sum is not exact' : undefined]);
    const forgotten = tryFate(setting, fate, (world) => withForgottenMask(world, text, 3)).wrong;
    expect([fate, forgotten]).toEqual([fate, hasShared(3) && !isIn(3) ? 'the sum is not exact' : undefined]);
    if (sign !== undefined) found.sign++;
    if (forgotten !== undefined) found.forgotten++;
  }
  expect(found).toEqual({ sign: 14, forgotten: 1 });
});
test('the sum is exact on a regular graph of 100 members with random dropouts at every stage', () => {
  const random = seededRandom('regular');
  for (let run = 0; run < 2; run++) {
    const world = createWorld({ seedText: `regular ${run}`, size: 100, degree: 12, unsigned: true });
    const fate = world.plan.members.map(
      (): LostAfter => (random.below(8) === 0 ? STAGES[random.below(5)] : 'none') ?? 'none',
    );
    const { result, refused, voided } = runWorld(world, (member) => fate[member] as LostAfter);
    const summed = [...fate.keys()].filter((member) => fate[member] === 'masked' || fate[member] === 'none');
    expect([refused, voided]).toEqual([[], undefined]);
    expect(result?.survivors).toEqual(summed);
    expect([...(result?.sum ?? [])]).toEqual(plainSum(world.inputs, summed));
  }
});

test('with coins of its own entropy a run replays byte for byte', () => {
  const traces = [0, 1].map(() => {
    const { trace } = runWorld(createWorld({ seedText: 'replay', size: 3, client: { coins: 'entropy' } }));
    return trace.map(toHex);
  });
  expect(traces[0]).toEqual(traces[1]);
  expect(traces[0]?.length).toBe(15);
});
