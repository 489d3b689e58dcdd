import {
  checkKeys,
  decodeHeader,
  type Followed,
  followEpoch,
  followHeader,
  freeze,
  startFollowing,
} from '@murmuration/consensus';
import { encode, equalBytes, refuse, toHex } from '@murmuration/core';
import type { FollowCluster, RegisterCluster } from '../commands/command.ts';
import { followedSchema } from '../light-client/saved.ts';
import { MAX_CLUSTERS } from '../limits.ts';
import type { Refusal } from '../refusal.ts';
import { isQuorum, votersOf, votes } from '../replicas/epochs.ts';
import { proveNextEpoch } from '../replicas/proof.ts';
import type { Sent, Turn } from '../turn.ts';

/**
 * A replica vouches for another cluster: it is to be followed from this set on. Trusted once a quorum said the same;
 * until then another anchor takes the place of this one.
 */
export function registerCluster(turn: Turn, { sender, command }: Sent<RegisterCluster>): Refusal {
  const voters = votersOf(turn);
  if (!votes(voters, sender.device)) return refuse('not-a-replica');
  const { set, baseHeight } = command;
  if (equalBytes(set.chainId, turn.chain.chainId) || set.replicas.length === 0 || !checkKeys(set).ok) {
    return refuse('bad-cluster');
  }
  const { clusters } = turn.state;
  const key = toHex(set.chainId);
  const known = clusters.get(key);
  if (known?.trusted === true) return refuse('cluster-known');
  if (known === undefined && clusters.size >= MAX_CLUSTERS) return refuse('too-many-clusters');
  const followed = startFollowing(set, baseHeight);
  const before = known !== undefined && isSame(known.followed, followed) ? known.approvedBy : [];
  if (before.includes(sender.device)) return refuse('already-approved');
  const approvedBy = [...before, sender.device].sort();
  clusters.set(key, { followed, approvedBy, trusted: isQuorum(voters, approvedBy) });
  return null;
}

function isSame(a: Followed, b: Followed): boolean {
  return equalBytes(encode(followedSchema, a), encode(followedSchema, b));
}

/** Anyone brings a newer header of a followed cluster, or the proof of its next epoch. A fork freezes it for good. */
export function followCluster(turn: Turn, { command }: Sent<FollowCluster>): Refusal {
  const header = decodeHeader(command.header);
  if (!header.ok) return refuse('bad-header', header.reason);
  const { chainId } = header.value;
  const known = turn.state.clusters.get(toHex(chainId));
  if (known?.trusted !== true) return refuse('unknown-cluster');
  const { epochProof: proof } = command;
  const moved =
    proof === null
      ? followHeader(known.followed, header.value)
      : followEpoch(known.followed, { header: header.value, proof }, proveNextEpoch(chainId));
  if (!moved.ok && moved.reason !== 'fork') return refuse('bad-header', moved.reason);
  turn.state.clusters.set(toHex(chainId), { ...known, followed: moved.ok ? moved.value : freeze(known.followed) });
  if (!moved.ok) turn.emit({ kind: 'cluster-forked', chainId });
  return null;
}
