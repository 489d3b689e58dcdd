import { refuse } from '@murmuration/core';
import type { ChangeReplica } from '../commands/command.ts';
import { isQuarantined } from '../quarantine/quarantine.ts';
import type { Refusal } from '../refusal.ts';
import type { Sent, Turn } from '../turn.ts';
import { epochOf, isQuorum, votes } from './epochs.ts';
import type { EpochEntry, SeatWish } from './schema.ts';

/**
 * A replica asks that a registered device join or leave the replicas. Granted once a quorum of them has asked; a
 * replica that leaves itself needs nobody.
 */
export function changeReplica(turn: Turn, { sender, command }: Sent<ChangeReplica>): Refusal {
  if (turn.chain.genesis.lookahead === undefined) return refuse('replicas-fixed');
  const epoch = epochOf(turn.state, turn.height);
  if (!votes(epoch, sender.device)) return refuse('not-a-replica');
  const refusal = impossible(turn, epoch, command);
  if (refusal !== null) return refusal;
  const { device, change } = command;
  const known = turn.state.seats.get(device);
  const standing = known?.change === change ? known : undefined;
  if (standing?.granted === true || standing?.approvedBy.includes(sender.device)) return refuse('already-approved');
  const approvedBy = [...(standing?.approvedBy ?? []), sender.device].sort();
  const granted = isQuorum(epoch, approvedBy) || (change === 'leave' && device === sender.device);
  const sinceHeight = standing?.sinceHeight ?? turn.height;
  const wish: SeatWish = {
    device,
    change,
    approvedBy: approvedBy.filter((one) => votes(epoch, one)),
    granted,
    sinceHeight,
  };
  turn.state.seats.set(device, wish);
  return null;
}

function impossible(turn: Turn, epoch: EpochEntry, { device, change }: ChangeReplica): Refusal {
  if (turn.state.devices.get(device) === undefined) return refuse('unknown-device');
  const seated = votes(epoch, device);
  if (change === 'leave') return seated ? null : refuse('not-a-replica');
  if (seated) return refuse('already-a-replica');
  return isQuarantined(turn.state, device) ? refuse('quarantined') : null;
}
