import type { DeviceId } from '@murmuration/core';
import { decodeFrame } from './frame.ts';
import type { EpochRun } from './run.ts';
import { hint, type State, stepEngine } from './state.ts';

/** Bytes of a peer, for whichever epoch they name. */
export function onMessage(state: State, current: EpochRun, from: DeviceId, bytes: Uint8Array): void {
  const reason = receive(state, current, from, bytes);
  if (reason !== undefined) state.effects.push({ kind: 'refused', from, reason });
}

function receive(state: State, current: EpochRun, from: DeviceId, bytes: Uint8Array): string | undefined {
  const frame = decodeFrame(bytes);
  if (!frame.ok) return frame.reason;
  const { epoch, message } = frame.value;
  const { previous } = state;
  if (epoch === current.set.epoch) return deliverMessage(state, current, from, message);
  if (epoch === previous?.run.set.epoch) return deliverMessage(state, previous.run, from, message);
  if (epoch < current.set.epoch) return 'past-epoch';
  hint(state, from);
  return epoch === current.set.epoch + 1 ? keepEarly(state, current, from, message) : 'unknown-epoch';
}

/** @returns why the message was not handed to the engine, if so */
export function deliverMessage(state: State, run: EpochRun, from: DeviceId, message: Uint8Array): string | undefined {
  if (run.engine === null) return 'not-a-voter';
  const replica = run.set.replicas.findIndex(({ device }) => device === from);
  if (replica < 0 || replica === run.self) return 'unknown-sender';
  stepEngine(state, run, { kind: 'message', nowMs: state.nowMs, from: replica, bytes: message });
  return undefined;
}

/** Of the epoch that comes next: kept of its members, or of today's while it is not known who they are. */
function keepEarly({ changes, deps, early }: State, current: EpochRun, from: DeviceId, message: Uint8Array) {
  const [change] = changes;
  const members = (change?.next ?? current.set).replicas.map(({ device }) => device);
  if (!members.includes(from)) return 'unknown-sender';
  if (change !== undefined && !members.includes(deps.device)) return 'not-a-voter';
  return early.add(from, message) ? undefined : 'early-full';
}
