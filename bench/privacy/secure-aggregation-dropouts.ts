import { seedTextOf, subsetFates, tryFate } from '../../packages/privacy/test/secure-aggregation/dropouts.ts';
import { withForgottenMask, withWrongSign } from '../../packages/privacy/test/secure-aggregation/planted.ts';
import type { World } from '../../packages/privacy/test/secure-aggregation/world.ts';
import type { Row } from '../rows.ts';

const SIZES = [3, 4, 5, 6];

/** Every subset of small groups, lost at every stage. Signatures are left out, which change no sum. */
export function subsetsRow(): Row {
  let exact = 0;
  let released = 0;
  let voided = 0;
  for (const size of SIZES) {
    for (const fate of subsetFates({ size })) {
      const tried = tryFate({ size }, fate);
      if (tried.released) released++;
      if (tried.released && tried.wrong === undefined) exact++;
      if (!tried.released && tried.wrong === undefined) voided++;
    }
  }
  // 2^n − 1 subsets at each of five stages, and nobody lost.
  const all = SIZES.reduce((sum, size) => sum + 5 * (2 ** size - 1) + 1, 0);
  const planted = plantedFound();
  return {
    what: `every dropout subset at n = 3 to 6, at every stage, with an exact sum of those whose vectors came (${voided} others void, as the rule has it)`,
    ...{ value: exact, unit: 'sums', bar: `all of ${released}` },
    against: `the plain sum, and the rule for ${all} cases; ${planted} of 2 planted faults found`,
    holds: exact === released && exact + voided === all && planted === 2,
  };
}

/** A server that forgets one mask, a client that turns the sign of one. */
function plantedFound(): number {
  const setting = { size: 5 };
  const fate = ['none', 'none', 'none', 'none', 'shares'] as const;
  const text = seedTextOf(setting, fate);
  const plants = [
    (world: World) => withForgottenMask(world, text, 4),
    (world: World) => withWrongSign(world, text, 0, 3),
  ];
  return plants.filter((plant) => tryFate(setting, fate, plant).wrong === 'the sum is not exact').length;
}
