import { type DeviceId, type Entropy, utf8 } from '@murmuration/core';
import { aesCtrStream, sha3_256 } from '@murmuration/crypto';
import type { AggregationPlan, AggregationResult } from '@murmuration/privacy';
import type { GroupRelease, GroupSum } from './groups.ts';
import {
  combinePrivateRound,
  type GroupMember,
  plainGroupSum,
  planPrivateRound,
  privateVector,
  shareNoise,
} from './round.ts';
import { checkPromise, epsilonAfter, type PrivatePlan, privateTerms } from './terms.ts';

/** Sums one group. @default plainGroupSum */
export type SumGroup = (plan: AggregationPlan, members: readonly GroupMember[]) => AggregationResult | null;

/** What one device hands to its group in a control run. */
export interface PrivateUpdate {
  readonly device: DeviceId;
  readonly delta: Float32Array;
  /** A liar neither clips nor adds noise: what it sends is rounded, and that is all. */
  readonly lies: boolean;
  /** It falls silent after the groups were drawn. */
  readonly drops: boolean;
}

export interface PrivateStep {
  /** Null where too many groups became void, and the model stays. */
  readonly release: GroupRelease | null;
  /** Spent by every device's data so far, at the plan's delta; null for masks only. */
  readonly epsilon: number | null;
}

export interface PrivateRun {
  step(round: number, updates: readonly PrivateUpdate[]): PrivateStep;
}

/**
 * Private rounds in one process, with the functions that devices use. Beacon, rounding and noise replay from the plan's
 * seed: a control run keeps no secret.
 * @throws what `privateTerms` and `checkPromise` throw, before any training
 */
export function privateRun(
  plan: PrivatePlan,
  { devices, rounds, sumGroup = plainGroupSum }: { devices: number; rounds: number; sumGroup?: SumGroup | undefined },
): PrivateRun {
  const terms = privateTerms(plan, devices);
  checkPromise(plan, terms, rounds);
  const label = (what: string) => `${what}/${plan.seed}`;
  let spent = 0;
  return {
    step: (round, updates) => {
      const byDevice = new Map(updates.map((update) => [update.device, update]));
      const beacon = sha3_256(utf8(`${label('beacon')}/${round}`));
      const groups = planPrivateRound(plan, terms, { job: 'control', round, beacon, devices: [...byDevice.keys()] });
      const sums = groups.map((group): GroupSum => {
        const members = group.members.flatMap((device, member): GroupMember[] => {
          const { delta, lies, drops } = byDevice.get(device) as PrivateUpdate;
          if (drops) return [];
          const entropy = (what: string) => replayed(label(`${what}/${device}/${round}`));
          if (lies) return [{ member, vector: rounded(delta, terms.scale), noise: noNoise }];
          return [
            { member, vector: privateVector(terms, delta, entropy('rounding')), noise: shareNoise(entropy('noise')) },
          ];
        });
        return { plan: group, result: sumGroup(group, members) };
      });
      // Debited whether or not anything came of it.
      spent++;
      const combined = combinePrivateRound(plan, terms, sums);
      const epsilon = plan.privacy.noise === null ? null : epsilonAfter(plan, terms, spent);
      return { release: combined.ok ? combined.value : null, epsilon };
    },
  };
}

function rounded(delta: Float32Array, scale: number): Int32Array {
  // Int32Array.from would wrap: a lie is cut where an honest vector never gets.
  const limit = 2 ** 31 - 1;
  return Int32Array.from(delta, (value) => Math.max(-limit, Math.min(limit, Math.round(value / scale) || 0)));
}

const noNoise = () => ({ fill: (out: Int32Array) => void out.fill(0) });

/** Secret to nobody, and the same again for the same label. */
function replayed(label: string): Entropy {
  const stream = aesCtrStream(sha3_256(utf8(label)), new Uint8Array(16));
  return { bytes: (length) => stream(Math.ceil(length / 16) * 16).subarray(0, length) };
}
