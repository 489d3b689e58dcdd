import { equalBytes } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { FIRST_REMINDER_TICKS } from '../loop/request-pool.ts';
import { checkSigners, decodeCertificate } from '../quorum/certificate.ts';
import { primaryOf } from '../quorum/replica-set.ts';
import type { SignedStatement } from '../quorum/statement.ts';
import { isCheckpointHeight, noteBehind, takeCheckpoint } from './checkpoint.ts';
import { encodeMessage, type MessageOf } from './messages.ts';
import { advance, decide, keepPayload } from './normal-case.ts';
import { checkOwn } from './own-key.ts';
import {
  MAX_ANSWERS,
  misplaced,
  payloadOf,
  refused,
  type Slot,
  type State,
  send,
  sendBytes,
  sendRequests,
  slotAt,
  statementAt,
} from './state.ts';
import { showView } from './view-change.ts';
import { certified, isKnownProposal, takeProposal, takeVote } from './votes.ts';
import { checkSigned } from './witness.ts';

/** Commits sent to a laggard at once. */
const MAX_DECIDED = 8;
/** Uncommitted heights whose votes are sent again. */
const MAX_RESENT = 4;
/** Work that is asked for again, or brought to the primary again, in one tick. */
const MAX_FORWARDED_REQUESTS = 64;

export function sendStatus(state: State, stalled: boolean): void {
  const { view, changing, committed, stable } = state;
  send(state, 'all', { kind: 'status', view, changing, committed, stable: stable.height, stalled });
}

/** Another replica says where it stands. Where that is behind us, it gets proofs of what it lacks. */
export function onStatus(state: State, from: number, message: MessageOf<'status'>): undefined {
  const peer = state.peers[from] as { committed: number; answers: number };
  const stuck = message.stalled || peer.committed === message.committed;
  peer.committed = message.committed;
  const waits = message.changing ? message.view <= state.view && !state.changing : message.view < state.view;
  if (waits) showView(state, from, message.view);
  if (state.changing && message.view < state.view && state.ownViewChange !== null && take(peer)) {
    sendBytes(state, from, state.ownViewChange);
  }
  if (message.stable < state.stable.height && state.stable.height > state.base && take(peer))
    send(state, from, { kind: 'stable', ...state.stable });
  if (message.committed < state.committed && stuck && take(peer)) sendDecided(state, from, message.committed);
}

function take(peer: { answers: number }): boolean {
  if (peer.answers >= MAX_ANSWERS) return false;
  peer.answers += 1;
  return true;
}

/** The blocks after `height`, and where those are gone or many the last one, as proof of how far we are. */
function sendDecided(state: State, to: number, height: number): void {
  let room = state.options.maxBatchBytes;
  const last = Math.min(state.committed, height + MAX_DECIDED);
  for (let next = height + 1; next <= last && room > 0; next++) room -= sendOne(state, to, next);
  if (last < state.committed) sendOne(state, to, state.committed);
}

function sendOne(state: State, to: number, height: number): number {
  const slot = state.slots.get(height);
  if (slot?.decided == null) return 0;
  const payload = payloadOf(slot, slot.decided.digest);
  if (payload === undefined) return 0;
  const { certificate } = slot.decided;
  const bytes = encodeMessage({ kind: 'decided', height, payload: payload.bytes, certificate });
  sendBytes(state, to, bytes);
  return bytes.length;
}

/** A commit that we missed. */
export function onDecided(state: State, from: number, message: MessageOf<'decided'>): string | undefined {
  const { height, payload } = message;
  if (height <= state.committed) return 'already-committed';
  if (state.last !== null && height > state.last) return 'above-last-height';
  const known = state.slots.get(height);
  const digest = sha3_256(payload);
  if (known?.decided != null) return takePayload(state, known, digest, payload);
  const decoded = decodeCertificate(message.certificate);
  if (!decoded.ok || decoded.value.epoch !== state.set.epoch) return 'bad-certificate';
  const { view, signatures } = decoded.value;
  const place = { phase: 'commit', view, height, digest } as const;
  const checked = checkSigners(signatures, state.n, state.q, (signature) => certified(state, place, signature));
  if (!checked.ok) {
    (state.peers[from] as { strikes: number }).strikes += 1;
    return 'bad-certificate';
  }
  const own = signatures.find(({ replica }) => replica === state.self);
  if (own !== undefined) checkOwn(state, { ...own, ...statementAt(state, place) }, from);
  const near = height <= state.committed + 2 * state.options.window;
  if (!near || height > state.stable.height + state.options.logWindow) {
    noteBehind(state, height, from);
    return undefined;
  }
  const slot = slotAt(state, height);
  decide(state, slot, view, digest, signatures);
  keepPayload(state, slot, digest, payload);
}

/** Somebody lacks the payload of a digest that it has signatures for. */
export function onFetch(state: State, from: number, { height, digest }: MessageOf<'fetch'>): string | undefined {
  const slot = state.slots.get(height);
  const payload = slot === undefined ? undefined : payloadOf(slot, digest);
  const peer = state.peers[from] as { answers: number };
  if (payload === undefined) return 'unknown-payload';
  if (take(peer)) send(state, from, { kind: 'payload', height, payload: payload.bytes });
}

export function onPayload(state: State, { height, payload }: MessageOf<'payload'>): string | undefined {
  const slot = state.slots.get(height);
  if (slot === undefined) return 'unwanted-payload';
  return takePayload(state, slot, sha3_256(payload), payload);
}

function takePayload(state: State, slot: Slot, digest: Uint8Array, payload: Uint8Array): string | undefined {
  if (!wantedOf(state, slot).some((wanted) => equalBytes(wanted, digest))) return 'unwanted-payload';
  if (!keepPayload(state, slot, digest, payload)) return 'bad-batch';
  for (const round of slot.rounds.values()) advance(state, slot, round);
}

/** Digests whose payload this height lacks. */
function wantedOf(state: State, slot: Slot): Uint8Array[] {
  if (slot.height <= state.committed) return [];
  const wanted: Uint8Array[] = [];
  if (slot.decided !== null) wanted.push(slot.decided.digest);
  const proposal = slot.rounds.get(state.view)?.proposal;
  if (proposal != null && slot.decided === null) wanted.push(proposal.digest);
  return wanted.filter((digest) => payloadOf(slot, digest) === undefined);
}

/** Asks one replica, another one each tick, for payloads that stand in the way. */
export function fetchMissing(state: State): void {
  for (let height = state.committed + 1; height <= state.committed + MAX_RESENT; height++) {
    const slot = state.slots.get(height);
    if (slot === undefined) continue;
    for (const digest of wantedOf(state, slot)) {
      const to = (state.self + 1 + (state.ticks % Math.max(1, state.n - 1))) % state.n;
      send(state, to, { kind: 'fetch', height, digest });
    }
  }
}

/** Statements of others, passed on because somebody was told something else. */
export function onWitness(state: State, from: number, { statements }: MessageOf<'witness'>): undefined {
  for (const signed of statements) {
    const reason = takeStatement(state, from, signed);
    if (reason !== undefined) refused(state, from, reason);
  }
}

function takeStatement(state: State, from: number, signed: SignedStatement): string | undefined {
  const { epoch, replica, phase, view, height } = signed;
  if (epoch !== state.set.epoch) return 'wrong-epoch';
  if (replica >= state.n) return 'unknown-signer';
  if (phase === 'checkpoint' && view === 0 && isCheckpointHeight(state, height)) {
    return takeCheckpoint(state, signed, from);
  }
  if (phase !== 'pre-prepare' && phase !== 'prepare' && phase !== 'commit') return 'no-witness';
  const reason = misplaced(state, view, height);
  if (reason !== undefined) return reason;
  if (replica === state.self) {
    checkOwn(state, signed, from);
    return undefined;
  }
  if (!checkSigned(state, signed, from)) return undefined;
  if (phase !== 'pre-prepare') takeVote(state, signed, from, true);
  else if (replica !== primaryOf(view, state.n)) return 'not-primary';
  else if (isKnownProposal(state, signed)) return 'duplicate-proposal';
  else takeProposal(state, signed, from, true);
  const slot = slotAt(state, height);
  const round = slot.rounds.get(view);
  if (round !== undefined) advance(state, slot, round);
  return undefined;
}

/** Sends the own last words again: lost messages must not stall anybody. */
export function resend(state: State): void {
  if (state.changing) {
    if (state.ownViewChange !== null && state.ticks % 2 === 0) sendBytes(state, 'all', state.ownViewChange);
    return;
  }
  const { epoch } = state.set;
  for (let height = state.committed + 1; height <= state.committed + MAX_RESENT; height++) {
    const slot = state.slots.get(height);
    const vote = slot?.vote;
    if (slot === undefined || vote == null || vote.view !== state.view) continue;
    const { view, digest, proposal, prepare, commit } = vote;
    const payload = payloadOf(slot, digest);
    if (prepare !== null) {
      send(state, 'all', { kind: 'prepare', epoch, view, height, digest, signature: prepare });
    } else if (payload !== undefined) {
      const { bytes } = payload;
      send(state, 'all', { kind: 'pre-prepare', epoch, view, height, digest, signature: proposal, payload: bytes });
    }
    if (commit !== null) send(state, 'all', { kind: 'commit', epoch, view, height, digest, signature: commit });
  }
}

/**
 * Requests that wait for long go to all again; those that others brought to the primary first. So a request that a
 * liar showed to one replica alone is soon known to all, and nobody waits for it alone.
 */
export function forwardAgain(state: State): void {
  const due = state.pool.remind(state.ticks, MAX_FORWARDED_REQUESTS, state.options.maxBatchBytes);
  const toPrimary: Uint8Array[] = [];
  const toAll: Uint8Array[] = [];
  for (const { bytes, origin, tick } of due) {
    const early = state.ticks - tick <= FIRST_REMINDER_TICKS;
    (early && origin !== state.self ? toPrimary : toAll).push(bytes);
  }
  if (toAll.length > 0) sendRequests(state, 'all', toAll, true);
  if (toPrimary.length === 0) return;
  sendRequests(state, primaryOf(state.view, state.n), toPrimary, true);
}
