import { accept, checkInteger, type DeviceId, type Result, refuse } from '@murmuration/core';
import { dot, norm } from '@murmuration/kernels';
import {
  type AggregationPlan,
  type AggregationResult,
  createPlan,
  drawGroups,
  fromIntegers,
  honestSurvivors,
  type PlanOptions,
} from '@murmuration/privacy';
import { combine, RULES } from '../../aggregators/rules.ts';
import type { Strategy } from '../../aggregators/strategies.ts';

export interface GroupRoundOptions extends Omit<PlanOptions, 'group' | 'members' | 'noiseVariance'> {
  readonly devices: readonly DeviceId[];
  /** Members of a group at least, 5 to 10 in practice. */
  readonly groupSize: number;
  /** Variance of each member's own noise: larger groups then have more than they need. @default none */
  readonly noiseShare?: number | undefined;
}

/**
 * The plans of one round: groups drawn by the beacon, everyone in one.
 * @throws what `drawGroups` and `createPlan` throw; no plan where the devices are fewer than one group
 */
export function planGroups({
  devices,
  groupSize,
  noiseShare,
  ...options
}: GroupRoundOptions): readonly AggregationPlan[] {
  return drawGroups(options.seed, devices, groupSize).map((members, group) => {
    const masked = createPlan({ ...options, members, group });
    if (noiseShare === undefined) return masked;
    return createPlan({ ...options, members, group, noiseVariance: noiseShare * honestSurvivors(masked) });
  });
}

/** What came of one group; null where it became void. */
export interface GroupSum {
  readonly plan: AggregationPlan;
  readonly result: AggregationResult | null;
}

export interface GroupRuleOptions {
  readonly strategy: Strategy;
  /** Devices of all groups that may lie, f: each spoils the sum of its own group. */
  readonly poisoners: number;
  /** What one integer stands for. */
  readonly scale: number;
}

/** What the rule made of one group that has a sum. */
export interface GroupVerdict {
  /** Number of the group within the round. */
  readonly group: number;
  readonly accepted: boolean;
  readonly reason: 'accepted' | 'not-selected' | 'overflowed';
  /** Of the group's mean; 0 where it overflowed. */
  readonly norm: number;
  /** Between mean and aggregate; 0 where one of them is zero. */
  readonly cosine: number;
  /** Share in the aggregate. */
  readonly weight: number;
}

export interface GroupRelease {
  /** The rule over the groups' means, in the unit of the updates. */
  readonly aggregate: Float32Array;
  readonly groups: number;
  /** Groups that became void: nothing of them is known. */
  readonly voided: number;
  /** Groups with numbers that no honest members reach: left out. */
  readonly overflowed: number;
  readonly outOfRange: number;
  /** Members in the means. */
  readonly survivors: number;
  /** Vectors that were refused for want of a proof of their norm. */
  readonly unproven: number;
  /** Liars among the groups that the rule was applied with. */
  readonly faulty: number;
  /** Of each group with a sum, in their order. */
  readonly verdicts: readonly GroupVerdict[];
}

/**
 * A robust rule over the means of groups. Each liar spoils at most one mean; a mean that overflowed is a liar's, is left
 * out and uses it up.
 * @returns `too-few-groups` where the liars that are left could be half of the means, or more than the rule bears
 * @throws OPTION_OUT_OF_RANGE
 */
export function combineGroups(
  groups: readonly GroupSum[],
  { strategy, poisoners, scale }: GroupRuleOptions,
): Result<GroupRelease, 'too-few-groups'> {
  checkInteger('poisoners', poisoners, 0);
  const known = groups.flatMap(({ plan, result }) => (result === null ? [] : [{ group: plan.group, ...result }]));
  const results: readonly AggregationResult[] = known;
  const whole = known.filter(({ outOfRange }) => outOfRange === 0);
  const overflowed = results.length - whole.length;
  const faulty = Math.max(0, poisoners - overflowed);
  const borne = RULES[strategy].maxFaulty(whole.length);
  if (2 * faulty >= whole.length || faulty > borne)
    return refuse('too-few-groups', `${faulty} liars among ${whole.length} groups`);
  const rows = whole.map(({ sum, survivors }) => new Float32Array(fromIntegers(sum, scale / survivors.length)));
  const { aggregate, weights } = combine(strategy, rows, faulty);
  const verdicts = known.map(({ group }): GroupVerdict => {
    const at = whole.findIndex((one) => one.group === group);
    if (at < 0) return { group, accepted: false, reason: 'overflowed', norm: 0, cosine: 0, weight: 0 };
    return { group, ...verdictOn(rows[at] as Float32Array, aggregate, weights[at] as number) };
  });
  return accept({
    aggregate,
    groups: groups.length,
    voided: groups.length - results.length,
    overflowed,
    outOfRange: results.reduce((count, { outOfRange }) => count + outOfRange, 0),
    survivors: whole.reduce((count, { survivors }) => count + survivors.length, 0),
    unproven: results.reduce((count, { unproven }) => count + unproven.length, 0),
    faulty,
    verdicts,
  });
}

function verdictOn(mean: Float32Array, aggregate: Float32Array, weight: number): Omit<GroupVerdict, 'group'> {
  const length = norm(mean);
  const both = length * norm(aggregate);
  const accepted = weight > 0;
  const reason = accepted ? 'accepted' : 'not-selected';
  return { accepted, reason, norm: length, cosine: both > 0 ? dot(mean, aggregate) / both : 0, weight };
}
