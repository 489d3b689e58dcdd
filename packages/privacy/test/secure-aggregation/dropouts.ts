import type { AggregationPlan, PlanOptions, VoidReason } from '../../src/secure-aggregation/index.ts';
import { createWorld, fatesOf, type LostAfter, type Outcome, plainSum, runWorld, type World } from './world.ts';

/** A group whose dropouts are tried: small vectors, since every number of a vector goes the same way. */
export type Setting = Pick<PlanOptions, 'roster' | 'minSurvivors' | 'degree' | 'norm'> & { readonly size: number };

/** What each member does: its last message. */
export type Fate = readonly LostAfter[];

/** How many ways there are for each member for itself to vanish, or to stay. */
export function waysOf({ size, norm = null }: Setting): number {
  return fatesOf({ norm }).length ** size;
}

/** @param number from 0 to `waysOf(setting)` − 1 */
export function fateNumber(number: number, { size, norm = null }: Setting): Fate {
  const fates = fatesOf({ norm });
  return Array.from(
    { length: size },
    (_, i) => fates[Math.floor(number / fates.length ** i) % fates.length] as LostAfter,
  );
}

/** Every non-empty subset of the members lost at every stage, and nobody lost. */
export function* subsetFates({ size, norm = null }: Setting): Generator<Fate> {
  yield Array.from({ length: size }, () => 'none');
  for (const stage of fatesOf({ norm })) {
    if (stage === 'none') continue;
    for (let subset = 1; subset < 2 ** size; subset++) {
      yield Array.from({ length: size }, (_, member) => (((subset >> member) & 1) === 1 ? stage : 'none'));
    }
  }
}

export type Wanted = { readonly survivors: readonly number[] } | { readonly voided: VoidReason };

/**
 * What a plan must come to, from its rule alone: whoever is left after each message forms the largest set in which
 * everybody has `threshold` of its closed neighbourhood; below `minSurvivors` the plan is void; a sum is of those whose
 * vectors came (and were proven, where the plan bounds norms), and is released where `threshold` holders of everybody who shared reveal.
 */
export function wantedOf({ members, graph, threshold, minSurvivors, norm }: AggregationPlan, fate: Fate): Wanted {
  const fates = fatesOf({ norm });
  const answered = (stage: LostAfter) => (member: number) =>
    fates.indexOf(fate[member] as LostAfter) >= fates.indexOf(stage);
  const near = (set: readonly number[], member: number) =>
    set.filter((other) => other === member || graph.areNeighbours(member, other)).length;
  const carried = (set: readonly number[], of: readonly number[]) =>
    of.every((member) => near(set, member) >= threshold);

  let left: readonly number[] = [...members.keys()];
  for (const stage of ['keys', 'ciphertexts', 'shares'] as const) {
    left = subsetsOf(left.filter(answered(stage))).find((set) => carried(set, set)) ?? [];
    if (left.length < minSurvivors) return { voided: 'too-few-members' };
  }
  const survivors = left.filter(answered(norm === null ? 'masked' : 'proven'));
  if (survivors.length < minSurvivors || !carried(survivors, left)) return { voided: 'too-few-survivors' };
  return carried(survivors.filter(answered('none')), left) ? { survivors } : { voided: 'too-few-shares' };
}

/** The largest first. Unions of sets that carry themselves carry themselves, so the first one that does is the only. */
function subsetsOf(set: readonly number[]): (readonly number[])[] {
  return Array.from({ length: 2 ** set.length }, (_, bits) => set.filter((_, i) => ((bits >> i) & 1) === 1)).sort(
    (a, b) => b.length - a.length,
  );
}

/** Runs one fate with real clients and a real server, and compares with the rule. @returns what is wrong */
export function tryFate(setting: Setting, fate: Fate, plant: (world: World) => World = (world) => world) {
  const world = plant(createWorld({ seedText: seedTextOf(setting, fate), length: 8, unsigned: true, ...setting }));
  const outcome = runWorld(world, (member) => fate[member] as LostAfter);
  const wanted = wantedOf(world.plan, fate);
  return { released: 'survivors' in wanted, wrong: wrongWith(world, outcome, wanted) };
}

export function seedTextOf(setting: Setting, fate: Fate): string {
  return `${JSON.stringify(setting)} ${fate.join(' ')}`;
}

function wrongWith(world: World, { result, voided, refused }: Outcome, wanted: Wanted): string | undefined {
  if (refused.length > 0) return `refused: ${refused.join(', ')}`;
  if ('voided' in wanted) {
    if (result !== undefined) return `released where ${wanted.voided} was due`;
    return voided === wanted.voided ? undefined : `void for ${voided}, not for ${wanted.voided}`;
  }
  if (result === undefined) return `void for ${voided}, where a sum was due`;
  if (result.survivors.join() !== wanted.survivors.join())
    return `a sum of ${result.survivors}, not of ${wanted.survivors}`;
  if (plainSum(world.inputs, wanted.survivors).join() !== result.sum.join()) return 'the sum is not exact';
  return result.outOfRange === 0 ? undefined : `${result.outOfRange} numbers out of range`;
}
