import { type DeviceId, isMurmurError, utf8 } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import {
  aggregatorOf,
  checkPromise,
  type PrivatePlan,
  type PrivateTerms,
  planPrivateRound,
  privateTerms,
} from '@murmuration/learning';
import type { Genesis, JobEntry, RoundEntry } from '@murmuration/ledger';
import type { AggregationPlan, Committee } from '@murmuration/privacy';
import type { Block } from '../../block-store.ts';
import type { Chain } from '../../chain.ts';
import type { JobContext } from '../job-context.ts';

export interface RoundGroup {
  readonly plan: AggregationPlan;
  /** The member that sums its group up. */
  readonly aggregator: DeviceId;
}

/** One private round as every device works it out from the ledger. */
export interface RoundGroups {
  readonly job: string;
  readonly round: number;
  readonly plan: PrivatePlan;
  /** Null where the plan is refused: then there are no groups, and the round becomes void. */
  readonly terms: PrivateTerms | null;
  readonly groups: readonly RoundGroup[];
  /** Why there are none; null where there are. */
  readonly refusal: string | null;
  readonly committee: Committee;
  /** Devices of the committee, by replica number. */
  readonly replicas: readonly DeviceId[];
}

export interface GroupSource {
  readonly chain: Chain;
  readonly genesis: Genesis;
}

/**
 * Draws the groups of a round. The beacon is the block that opened it: whoever proposed that block could try some draws,
 * but f liars in f groups are borne wherever they fall.
 * @returns undefined where this device jumped over that block: it sits the round out
 */
export async function roundGroups(
  { chain, genesis }: GroupSource,
  context: JobContext,
  plan: PrivatePlan,
  job: JobEntry,
  round: RoundEntry,
): Promise<RoundGroups | undefined> {
  const block = await chain.block(round.openedHeight);
  if (block === undefined) return undefined;
  const { set } = chain.epochAt(round.openedHeight + 1);
  const committee = { chainId: chain.chainId, epoch: set.epoch, keys: set.replicas.map(({ key }) => key) };
  const common = { job: job.job, round: round.round, plan, committee };
  const replicas = set.replicas.map(({ device }) => device);
  const devices = eligible(chain, context, round);
  try {
    if (genesis.lookahead !== undefined) return refused('replicas of this swarm may change in the middle of a round');
    const terms = privateTerms(plan, devices.length);
    checkPromise(plan, terms, job.rounds);
    const beacon = beaconOf(chain.chainId, round, block);
    const plans = planPrivateRound(plan, terms, { job: job.job, round: round.round, beacon, devices });
    const groups = plans.map((group) => ({ plan: group, aggregator: aggregatorOf(group) }));
    return { ...common, terms, groups, replicas, refusal: null };
  } catch (error) {
    if (!isMurmurError(error)) throw error;
    return refused(`${error.code}: ${error.message}`);
  }

  function refused(refusal: string): RoundGroups {
    return { ...common, terms: null, groups: [], replicas, refusal };
  }
}

/** 32 bytes that nobody knew before the round was opened. @param block the one that opened it */
export function beaconOf(
  chainId: Uint8Array,
  { job, round }: Pick<RoundEntry, 'job' | 'round'>,
  { payload }: Pick<Block, 'payload'>,
): Uint8Array {
  const domain = utf8('murmur/private-rounds/beacon/1');
  return sha3_256(domain, chainId, sha3_256(utf8(`${job}/${round}`)), sha3_256(payload));
}

/** Participants as they were when the round opened: the same for everyone, whenever it looks. */
function eligible({ ledger }: Chain, context: JobContext, round: RoundEntry): readonly DeviceId[] {
  const out = new Set(context.quarantinedAt(ledger, round));
  const known = ledger.devices().filter(({ registeredHeight }) => registeredHeight <= round.openedHeight);
  return known.map(({ device }) => device).filter((device) => context.isListed(device) && !out.has(device));
}

export function groupOf({ groups }: RoundGroups, device: DeviceId): RoundGroup | undefined {
  return groups.find(({ plan }) => plan.members.includes(device));
}
