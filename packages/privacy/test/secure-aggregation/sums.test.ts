import { seededRandom, toHex } from '@murmuration/core';
import { expect, test } from 'vitest';
import { shareThreshold } from '../../src/secure-aggregation/index.ts';
import { createWorld, type LostAfter, plainSum, runWorld } from './world.ts';

const STAGES: readonly LostAfter[] = ['start', 'keys', 'ciphertexts', 'shares', 'masked'];

/** Signatures have tests of their own; here they would cost thousands of verifications. */
const verify = () => true;

/** The stage up to which each subset of n members is tried: the real keys of every run cost milliseconds. */
function stagesFor(size: number): readonly LostAfter[] {
  return size <= 3 ? STAGES : size === 4 ? ['ciphertexts', 'shares', 'masked'] : ['shares'];
}

test('the sum is exact for every dropout subset that leaves enough, and nothing is released otherwise: n = 3 to 6', () => {
  for (let size = 3; size <= 6; size++) {
    const threshold = shareThreshold(size, 0);
    for (const stage of stagesFor(size)) {
      for (let subset = 0; subset < 1 << size; subset++) {
        const lost = (member: number) => ((subset >> member) & 1) === 1;
        const world = createWorld({ seedText: `${size} ${subset}`, size, verify });
        const { result, voided, refused } = runWorld(world, (member) => (lost(member) ? stage : 'none'));
        const left = [...world.plan.members.keys()].filter((member) => !lost(member));
        const what = `n ${size}, subset ${subset}, lost after ${stage}`;
        expect([what, refused]).toEqual([what, []]);
        expect([what, result === undefined]).toEqual([what, left.length < threshold]);
        expect([what, voided === undefined]).toEqual([what, left.length >= threshold]);
        if (result === undefined) continue;
        // Whoever is lost after its vector left is in the sum.
        const summed = stage === 'masked' ? [...world.plan.members.keys()] : left;
        expect([what, result.survivors]).toEqual([what, summed]);
        expect([...result.sum]).toEqual(plainSum(world.inputs, summed));
        expect(result.outOfRange).toBe(0);
      }
    }
  }
});

test('members lost at stages of their own leave an exact sum of those whose vectors came: n = 6', () => {
  const random = seededRandom('mixed stages');
  let released = 0;
  for (let run = 0; run < 40; run++) {
    const world = createWorld({ seedText: `mixed ${run}`, size: 6, verify });
    const fate = world.plan.members.map(
      (): LostAfter => (random.below(3) === 0 ? STAGES[random.below(5)] : 'none') ?? 'none',
    );
    const { result } = runWorld(world, (member) => fate[member] as LostAfter);
    const summed = [...fate.keys()].filter((member) => fate[member] === 'masked' || fate[member] === 'none');
    const staying = fate.filter((stage) => stage === 'none').length;
    expect([run, fate, result !== undefined]).toEqual([run, fate, staying >= 4]);
    if (result === undefined) continue;
    released++;
    expect(result.survivors).toEqual(summed);
    expect([...result.sum]).toEqual(plainSum(world.inputs, summed));
  }
  expect(released).toBeGreaterThan(10);
});

test('the sum is exact on a regular graph of 100 members with random dropouts at every stage', () => {
  const random = seededRandom('regular');
  for (let run = 0; run < 2; run++) {
    const world = createWorld({ seedText: `regular ${run}`, size: 100, degree: 12, verify });
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
