import { checkNumber, isMurmurError } from '@murmuration/core';
import { rdpEpsilon } from './accounting/rdp.ts';
import { checkPlan } from './check-plan.ts';
import type { PrivacyPlan } from './event.ts';
import { hasPld } from './pld/parts.ts';
import { pldEpsilon } from './pld/pld.ts';

export interface Guarantee {
  readonly epsilon: number;
  readonly delta: number;
  /** How many records the data set has, where that is known: δ must then stay below its inverse. */
  readonly population?: number;
}

/** What was proven of a plan, or why it was refused. */
export type Verification =
  | {
      readonly holds: true;
      /** What the plan costs at the wanted δ: at most the wanted ε. */
      readonly epsilon: number;
      readonly method: 'pld' | 'rdp';
      /** What must be true of the run for the proof to be about it. */
      readonly assumptions: readonly string[];
    }
  | {
      readonly holds: false;
      readonly reason: 'malformed-plan' | 'empty-plan' | 'delta-too-large' | 'epsilon-exceeded';
      readonly detail: string;
      /** The plan's cost, where it has one. */
      readonly epsilon?: number;
    };

/**
 * Proves that a plan keeps (ε, δ) before it runs, by its privacy loss distribution where that is known and by Rényi
 * accounting where not, or refuses it with the reason. Never throws for a plan.
 *
 * @throws OPTION_OUT_OF_RANGE for a guarantee that is none (ε < 0, δ outside (0, 1))
 */
export function verifyGuarantees(plan: PrivacyPlan, guarantee: Guarantee): Verification {
  const { epsilon, delta, population } = guarantee;
  checkNumber('epsilon', epsilon, 0, 1e6);
  checkNumber('delta', delta, 1e-20, 1 - 1e-12);
  try {
    checkPlan(plan);
  } catch (error) {
    if (!isMurmurError(error)) throw error;
    return { holds: false, reason: 'malformed-plan', detail: error.message };
  }
  if (plan.events.length === 0) return { holds: false, reason: 'empty-plan', detail: 'the plan releases nothing' };
  if (population !== undefined && delta * population >= 1) {
    const detail = `delta ${delta} of ${population} records permits to publish one of them: keep it below 1/${population}`;
    return { holds: false, reason: 'delta-too-large', detail };
  }
  return judge(plan, epsilon, delta);
}

function judge(plan: PrivacyPlan, epsilon: number, delta: number): Verification {
  const byRdp = rdpEpsilon(plan, delta).epsilon;
  const method = hasPld(plan) ? 'pld' : 'rdp';
  const spent = method === 'pld' ? Math.min(byRdp, pldEpsilon(plan, delta)) : byRdp;
  if (spent <= epsilon) return { holds: true, epsilon: spent, method, assumptions: assumptionsOf(plan) };
  const detail = `the plan costs epsilon ${spent.toPrecision(6)} at delta ${delta}, more than ${epsilon}`;
  return { holds: false, reason: 'epsilon-exceeded', detail, epsilon: spent };
}

function assumptionsOf(plan: PrivacyPlan): readonly string[] {
  const assumptions = new Set<string>([
    plan.adjacency === 'replace-one'
      ? 'neighbours have the same size and differ in one record'
      : 'neighbours differ by the presence of one record',
    'noise is drawn exactly, from secret entropy, once for each release',
  ]);
  for (const { mechanism, sampling } of plan.events) {
    if (sampling.kind === 'fixed-size') assumptions.add('fixed-size sampling is charged as if all records took part');
    if (sampling.kind === 'poisson' && sampling.rate < 1) {
      assumptions.add(
        plan.adjacency === 'replace-one'
          ? 'Poisson sampling is charged as if all records took part: replace-one has no proven amplification here'
          : `records are drawn independently at rate ${Number(sampling.rate.toPrecision(6))}, anew for each step, and who is drawn stays secret`,
      );
    }
    if (mechanism.kind === 'tree') assumptions.add('each record enters at most one step of each tree');
    if (mechanism.kind === 'discrete-gaussian' && mechanism.shares > 1) {
      assumptions.add(`${mechanism.shares} honest shares of noise are in every sum`);
    }
    if (mechanism.kind === 'zcdp' || mechanism.kind === 'pure') assumptions.add(`the stated ${mechanism.kind} bound`);
  }
  return [...assumptions];
}
