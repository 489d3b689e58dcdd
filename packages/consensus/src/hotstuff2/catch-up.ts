import { equalBytes } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { complete, decide } from './deciding.ts';
import { keepPayload, payloadOf } from './journal.ts';
import type { Hotstuff2MessageOf } from './messages.ts';
import { certifies, mayAnswer, type State, send } from './state.ts';
import { showView } from './views.ts';
import { compareSeen } from './witness.ts';

/** Blocks sent to a laggard at once. */
const MAX_BLOCKS = 8;
/** Blocks above the open height that are kept; whoever is further behind asks its host. */
const MAX_AHEAD = 16;

/** A replica says where it stands. */
export function onStatus(state: State, from: number, { height, view }: Hotstuff2MessageOf<'status'>): undefined {
  if (height < state.height) offerBlocks(state, from, height);
  else if (height > state.height) wantBlocks(state, from);
  if (view < state.view) showView(state, from);
}

export function wantBlocks(state: State, from: number): void {
  if (mayAnswer(state, from)) send(state, from, { kind: 'fetch', height: state.height });
}

/** The blocks from `height` on; where those are gone the last one, as proof of how far we are. */
export function offerBlocks(state: State, to: number, height: number): boolean {
  const last = Math.min(state.height - 1, height + MAX_BLOCKS - 1);
  const first = state.decided.has(height) ? height : state.height - 1;
  let room = state.options.maxBatchBytes;
  for (let next = first; next <= Math.max(last, first) && room > 0; next++) {
    const decided = state.decided.get(next);
    if (decided === undefined || !mayAnswer(state, to)) return false;
    const { payload, certificate, seen } = decided;
    room -= payload.length;
    send(state, to, { kind: 'block', height: next, payload, certificate, seen });
  }
  // Where there is more, it may ask again.
  if (first === height && last < state.height - 1 && mayAnswer(state, to)) sendStatus(state, to);
  return first < state.height;
}

export function sendStatus(state: State, to: number | 'all'): void {
  send(state, to, { kind: 'status', height: state.height, view: state.view });
}

export function onFetch(state: State, from: number, { height }: Hotstuff2MessageOf<'fetch'>): string | undefined {
  return height < state.height && offerBlocks(state, from, height) ? undefined : 'unknown-height';
}

/** A block with the certificate that makes it final. */
export function onBlock(state: State, from: number, message: Hotstuff2MessageOf<'block'>): string | undefined {
  const { height, payload, certificate } = message;
  if (height < state.height || state.ahead.has(height)) return 'stale-height';
  const far = state.height <= state.base || height > state.height + MAX_AHEAD;
  if (far && height <= state.behind) return 'stale-height';
  const digest = sha3_256(payload);
  if (!certifies(state, { phase: 'commit', height, digest }, certificate, from)) return 'bad-certificate';
  if (message.seen !== null && height === state.height) compareSeen(state, height, message.seen, from);
  if (far) {
    state.behind = height;
    state.effects.push({ kind: 'behind', height, from });
  } else state.ahead.set(height, { payload, certificate });
  return undefined;
}

/** The leader shows the double certificate. */
export function onDecide(state: State, from: number, message: Hotstuff2MessageOf<'decide'>): string | undefined {
  const { height, digest, certificate } = message;
  if (state.decision !== null) return undefined;
  if (!certifies(state, { phase: 'commit', height, digest }, certificate, from)) return 'bad-certificate';
  const payload = payloadOf(state, digest);
  if (payload !== undefined) {
    decide(state, payload, certificate);
    return undefined;
  }
  state.decision = { digest, certificate };
  send(state, from, { kind: 'fetch-payload', height, digest });
  return undefined;
}

export function onFetchPayload(
  state: State,
  from: number,
  { height, digest }: Hotstuff2MessageOf<'fetch-payload'>,
): string | undefined {
  if (height < state.height) return offerBlocks(state, from, height) ? undefined : 'unknown-height';
  const payload = height === state.height ? payloadOf(state, digest) : undefined;
  if (payload === undefined) return 'unknown-payload';
  if (mayAnswer(state, from)) send(state, from, { kind: 'payload', height, payload });
  return undefined;
}

export function onPayload(state: State, { height, payload }: Hotstuff2MessageOf<'payload'>): string | undefined {
  if (height !== state.height) return 'unwanted-payload';
  const digest = sha3_256(payload);
  if (complete(state, digest, payload)) return undefined;
  const wanted = missing(state);
  if (wanted === undefined || !equalBytes(wanted, digest)) return 'unwanted-payload';
  keepPayload(state, digest, payload, false);
  return undefined;
}

/** @returns the digest of a payload that this replica cannot go on without */
function missing(state: State): Uint8Array | undefined {
  const wanted = state.decision?.digest ?? state.lock?.digest;
  return wanted !== undefined && payloadOf(state, wanted) === undefined ? wanted : undefined;
}

/** Asks one replica, another one each tick, for what is missing. */
export function fetchMissing(state: State): void {
  const to = (state.self + 1 + (state.ticks % Math.max(1, state.n - 1))) % state.n;
  const digest = missing(state);
  if (digest !== undefined) send(state, to, { kind: 'fetch-payload', height: state.height, digest });
  if (state.ahead.size > 0) send(state, to, { kind: 'fetch', height: state.height });
  if (state.executed < state.height - 1) return;
  for (const from of state.later.keys()) wantBlocks(state, from);
}
