import { unreachable } from '@murmuration/core';
import { isPeer, refused } from '../loop/shell.ts';
import {
  offerBlocks,
  onBlock,
  onDecide,
  onFetch,
  onFetchPayload,
  onPayload,
  onStatus,
  wantBlocks,
} from './catch-up.ts';
import { decodeHotstuff2Message, type Hotstuff2Message, type Hotstuff2MessageOf } from './messages.ts';
import { onRecall, onRecalled } from './own-key.ts';
import { onNewView, onTimeout } from './pacemaker.ts';
import { leaderOf, type Peer, type State } from './state.ts';
import { onVote } from './tally.ts';
import { enterBy } from './views.ts';
import { onPrepare, onPropose } from './voting.ts';
import { onExposed } from './witness.ts';

/** Messages kept from one replica that is ahead, of twice a batch together. */
const MAX_LATER = 8;
/** Committed requests that one replica may have ordered again between two ticks. */
const MAX_REVIVALS = 8;
/** Bad signatures that one replica may cost us between two ticks; then it is not listened to until the next. */
const MAX_STRIKES = 32;

/** Requests that another replica brings, for the first time or `again`. */
function onRequests(state: State, from: number, { requests, again }: Hotstuff2MessageOf<'requests'>): undefined {
  const peer = state.peers[from] as Peer;
  for (const request of requests) {
    const reason = state.pool.add(request, from, state.ticks);
    if (reason === undefined || reason === 'already-pending') continue;
    // It waits for something that it does not remember, after a restart. Ordered once more, it waits no longer.
    const leads = leaderOf(state) === state.self;
    const forgotten = reason === 'already-committed' && again && leads && peer.revivals < MAX_REVIVALS;
    if (!forgotten) refused(state, reason, from);
    else if (state.pool.add(request, from, state.ticks, true) === undefined) peer.revivals += 1;
  }
}

/** A message of another replica. @returns why it was not accepted, if so */
export function receive(state: State, from: number, bytes: Uint8Array): string | undefined {
  if (!isPeer(from, state.self, state.n)) return 'unknown-sender';
  if ((state.peers[from] as Peer).strikes >= MAX_STRIKES) return 'muted';
  const decoded = decodeHotstuff2Message(bytes);
  return decoded.ok ? handle(state, from, decoded.value, bytes) : decoded.reason;
}

/** @returns why the message was not accepted, if so */
function handle(state: State, from: number, message: Hotstuff2Message, bytes: Uint8Array): string | undefined {
  switch (message.kind) {
    case 'propose':
    case 'vote':
    case 'prepare':
    case 'vote2':
    case 'decide':
      return inPlace(state, from, message, bytes);
    case 'timeout':
      return onTimeout(state, from, message);
    case 'new-view':
      return onNewView(state, from, message);
    case 'status':
      return onStatus(state, from, message);
    case 'fetch':
      return onFetch(state, from, message);
    case 'fetch-payload':
      return onFetchPayload(state, from, message);
    case 'payload':
      return onPayload(state, message);
    case 'block':
      return onBlock(state, from, message);
    case 'requests':
      return onRequests(state, from, message);
    case 'enter':
      return enterBy(state, message.proof, from) ? undefined : 'bad-certificate';
    case 'recall':
      return onRecall(state, from);
    case 'recalled':
      return onRecalled(state, from, message);
    case 'exposed':
      return onExposed(state, from, message);
    default:
      return unreachable(message);
  }
}

type Placed = Hotstuff2MessageOf<'propose' | 'vote' | 'prepare' | 'vote2' | 'decide'>;

/** What belongs to the open height: late is answered with the decision, early is kept. */
function inPlace(state: State, from: number, message: Placed, bytes: Uint8Array): string | undefined {
  const { height, kind } = message;
  const epoch = 'epoch' in message ? message.epoch : message.certificate.epoch;
  if (epoch !== state.set.epoch) return 'wrong-epoch';
  if (height > state.lastHeight) return 'beyond-epoch';
  if (height < state.height) {
    if (kind !== 'decide' && kind !== 'prepare') offerBlocks(state, from, height);
    return 'stale-height';
  }
  if (height > state.height + 1) wantBlocks(state, from);
  const waits = state.executed < height - 1 || state.recall.voice === 'asking';
  if (height > state.height || (waits && kind !== 'decide')) return keepLater(state, from, bytes);
  switch (kind) {
    case 'propose':
      return onPropose(state, from, message);
    case 'prepare':
      return onPrepare(state, from, message);
    case 'decide':
      return onDecide(state, from, message);
    default:
      return onVote(state, from, message);
  }
}

function keepLater(state: State, from: number, bytes: Uint8Array): string | undefined {
  const kept = state.later.get(from) ?? [];
  const held = kept.reduce((sum, one) => sum + one.length, bytes.length);
  if (kept.length >= MAX_LATER || held > 2 * state.options.maxBatchBytes) return 'later-full';
  kept.push(Uint8Array.from(bytes));
  state.later.set(from, kept);
  return undefined;
}

/** Hears again what came before its time. */
export function replayLater(state: State): void {
  const kept = [...state.later];
  state.later.clear();
  for (const [from, messages] of kept) {
    for (const bytes of messages) {
      const reason = receive(state, from, bytes);
      if (reason !== undefined) refused(state, reason, from);
    }
  }
}
