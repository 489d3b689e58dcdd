import { type DeviceId, type Entropy, type Result, refuse, toHex, utf8 } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import {
  type AggregationPlan,
  type AggregationResult,
  atLeast,
  createDiscreteGaussian,
  type NoiseSource,
  noiseShare,
  sumBound,
} from '@murmuration/privacy';
import { combineGroups, type GroupRelease, type GroupSum, planGroups } from './groups.ts';
import type { PrivatePlan, PrivateTerms } from './terms.ts';

export interface PrivateRoundOptions {
  readonly job: string;
  readonly round: number;
  /** The round's beacon, 32 bytes, from after the devices were fixed. */
  readonly beacon: Uint8Array;
  readonly devices: readonly DeviceId[];
}

/**
 * The groups of one round: a pure function of public data, the same on every device. Each member's share of noise is the
 * plan's, whatever the size of its group: the surplus of a larger one only adds to what was promised.
 * @returns no groups where the devices are too few. @throws what `createPlan` throws
 */
export function planPrivateRound(
  { privacy: { groupSize, colluders, noise } }: PrivatePlan,
  { length, bound }: PrivateTerms,
  { job, round, beacon, devices }: PrivateRoundOptions,
): readonly AggregationPlan[] {
  const options = { job, round, seed: beacon, devices, groupSize, length, bound, colluders };
  return planGroups({ ...options, roster: 'committed', noiseShare: noise?.variance });
}

/** Who sums a group up: the member that the beacon places first. */
export function aggregatorOf({ seed, members }: AggregationPlan): DeviceId {
  const place = (device: DeviceId) => toHex(sha3_256(utf8('murmur/private-rounds/aggregator/1'), seed, utf8(device)));
  return members.reduce((first, device) => (place(device) < place(first) ? device : first));
}

/**
 * A device's integers: clipped to the plan's norm and rounded, without noise.
 * @throws PRIVACY_NOT_FINITE, PRIVACY_WRONG_LENGTH, PRIVACY_ROUNDING_STUCK
 */
export function privateVector({ quantiser }: PrivateTerms, delta: Float32Array, entropy: Entropy): Int32Array {
  return quantiser.quantise(delta, entropy).values;
}

/** Draws a member's share of noise, exactly. */
export function shareNoise(entropy: Entropy): NoiseSource {
  return (variance) => createDiscreteGaussian(entropy, atLeast(variance, 1));
}

export interface GroupMember {
  readonly member: number;
  /** Within the plan's bound, but for a liar's. */
  readonly vector: Int32Array;
  readonly noise: NoiseSource;
}

/**
 * What masks give, without them: the exact sum modulo 2^32 of vectors and noise. For control runs, whose tests hold it
 * equal to the protocol, bit for bit. @returns null where too few survived
 */
export function plainGroupSum(plan: AggregationPlan, members: readonly GroupMember[]): AggregationResult | null {
  if (members.length < plan.minSurvivors) return null;
  const sum = new Int32Array(plan.length);
  const noise = new Int32Array(plan.length);
  for (const member of members) {
    if (plan.noiseVariance !== null) member.noise(noiseShare(plan)).fill(noise);
    for (let i = 0; i < sum.length; i++) {
      sum[i] = (sum[i] as number) + (member.vector[i] as number) + (noise[i] as number);
    }
  }
  const survivors = members.map(({ member }) => member);
  return groupResult(plan, sum, survivors);
}

/** A sum as the rule takes it: with a count of numbers that no honest members reach. @param survivors ascending */
export function groupResult(plan: AggregationPlan, sum: Int32Array, survivors: readonly number[]): AggregationResult {
  const most = sumBound(plan, survivors.length);
  const outOfRange = sum.filter((value) => value > most || value < -most).length;
  return { sum, survivors, outOfRange, unproven: [] };
}

/**
 * The step of a private round. It sees sums of groups and nothing else: so does the model.
 * @returns `too-few-groups` where too many became void: the model stays
 */
export function combinePrivateRound(
  plan: PrivatePlan,
  { scale }: PrivateTerms,
  groups: readonly GroupSum[],
): Result<GroupRelease, 'too-few-groups'> {
  if (groups.length === 0) return refuse('too-few-groups', 'no group was drawn');
  return combineGroups(groups, { strategy: plan.strategy, poisoners: plan.faulty, scale });
}
