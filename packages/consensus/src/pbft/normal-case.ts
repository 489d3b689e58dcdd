import { assert, equalBytes, toHex } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { decodeBatch } from '../quorum/batch.ts';
import { encodeCertificate } from '../quorum/certificate.ts';
import { primaryOf } from '../quorum/replica-set.ts';
import { type Signature, signStatement } from '../quorum/statement.ts';
import { persistDecision, persistPayload, persistVote } from './journal.ts';
import type { MessageOf } from './messages.ts';
import {
  isPrimary,
  misplaced,
  type Payload,
  payloadOf,
  type Round,
  reach,
  type Slot,
  type State,
  send,
  slotAt,
  statementAt,
} from './state.ts';
import { gather, isKnownProposal, takeProposal, takeVote } from './votes.ts';

/** A pre-prepare of the primary of its view, with its batch. */
export function onPrePrepare(state: State, from: number, message: MessageOf<'pre-prepare'>): string | undefined {
  const { epoch, view, height, digest, payload } = message;
  if (epoch !== state.set.epoch) return 'wrong-epoch';
  if (from !== primaryOf(view, state.n)) return 'not-primary';
  const reason = misplaced(state, view, height);
  if (reason !== undefined) return reason;
  if (height > state.committed + 2 * state.options.window) {
    state.lagging = true;
    return 'beyond-window';
  }
  if (!equalBytes(sha3_256(payload), digest)) return 'wrong-digest';
  const signed = { replica: from, ...statementAt(state, { phase: 'pre-prepare', view, height, digest }) };
  const known = isKnownProposal(state, signed);
  if (!takeProposal(state, { ...signed, signature: message.signature }, from, false)) return undefined;
  const slot = slotAt(state, height);
  const repeated = known && (payloadOf(slot, digest) !== undefined || height <= state.committed);
  // Its time may have been too far ahead of ours when it came first.
  if (repeated) advance(state, slot, slot.rounds.get(view) as Round);
  if (repeated) return 'duplicate-proposal';
  if (!keepPayload(state, slot, digest, payload)) return 'bad-batch';
  advance(state, slot, slot.rounds.get(view) as Round);
  return undefined;
}

/** A prepare or commit of its sender. */
export function onVote(
  state: State,
  from: number,
  message: MessageOf<'prepare'> | MessageOf<'commit'>,
): string | undefined {
  const { kind: phase, epoch, view, height, digest, signature } = message;
  if (epoch !== state.set.epoch) return 'wrong-epoch';
  const reason = misplaced(state, view, height);
  if (reason !== undefined) return reason;
  if (!takeVote(state, { replica: from, epoch, phase, view, height, digest, signature }, from, false)) return undefined;
  const slot = slotAt(state, height);
  const round = slot.rounds.get(view) as Round;
  if (phase === 'commit') learnDecision(state, slot, round, digest);
  advance(state, slot, round);
  return undefined;
}

/** @returns whether `bytes` are a batch within the limits; kept by its digest, which the caller has checked */
export function keepPayload(state: State, slot: Slot, digest: Uint8Array, bytes: Uint8Array): boolean {
  const key = toHex(digest);
  if (slot.payloads.has(key)) return true;
  if (bytes.length > state.options.maxBatchBytes) return false;
  const batch = decodeBatch(bytes);
  if (!batch.ok || batch.value.requests.length > state.options.maxBatchRequests) return false;
  if (batch.value.requests.some((request) => request.length > state.options.maxRequestBytes)) return false;
  prunePayloads(slot);
  slot.payloads.set(key, { bytes, batch: batch.value });
  return true;
}

/** Drops payloads that no round of this height speaks of any more. */
function prunePayloads(slot: Slot): void {
  const wanted = [slot.vote, slot.prepared, slot.decided, ...[...slot.rounds.values()].map(({ proposal }) => proposal)];
  const keys = new Set(wanted.flatMap((one) => (one == null ? [] : [toHex(one.digest)])));
  for (const key of slot.payloads.keys()) if (!keys.has(key)) slot.payloads.delete(key);
}

/** Takes a round as far as it goes: prepare, commit, decided. */
export function advance(state: State, slot: Slot, round: Round): void {
  if (round.view === state.view && !state.changing && round.proposal !== null) {
    prepare(state, slot, round, round.proposal.digest);
    commit(state, slot, round, round.proposal.digest);
  }
  if (round.proposal !== null) learnDecision(state, slot, round, round.proposal.digest);
}

/** Accepts the proposal: journal first, then say so. A primary's pre-prepare was its word already. */
function prepare(state: State, slot: Slot, round: Round, digest: Uint8Array): void {
  if (!mayVoteAt(state, slot)) return;
  if (slot.height > reach(state) || (slot.vote !== null && slot.vote.view >= round.view)) return;
  const payload = payloadOf(slot, digest);
  if (!acceptable(state, slot, digest, payload)) return;
  const { signature: proposal } = round.proposal as { signature: Uint8Array };
  const statement = statementAt(state, { phase: 'prepare', view: round.view, height: slot.height, digest });
  const signature = isPrimary(state) ? null : signStatement(state.signer, state.set.chainId, statement);
  slot.vote = { view: round.view, digest, proposal, prepare: signature, commit: null };
  if (payload !== undefined) persistPayload(state, slot, digest, payload);
  persistVote(state, slot);
  if (signature === null) return;
  round.prepares[state.self] = { digest, signature, verified: true };
  const { epoch, view, height } = statement;
  send(state, 'all', { kind: 'prepare', epoch, view, height, digest, signature });
}

/** A height below a certified checkpoint is over, though the own state is not there yet. */
function mayVoteAt(state: State, { height }: Slot): boolean {
  return state.voice === 'free' && height > (state.nextStable?.height ?? 0);
}

/** Whether this digest may be prepared at this height in the current view. */
function acceptable(state: State, slot: Slot, digest: Uint8Array, payload: Payload | undefined): boolean {
  const { newView } = state;
  if (slot.decided !== null) return equalBytes(slot.decided.digest, digest);
  if (payload === undefined) return false;
  if (newView !== null && slot.height <= newView.base) return false;
  const forced = newView?.forced.get(slot.height);
  if (forced !== undefined) return equalBytes(forced, digest);
  return isPrimary(state) || Math.abs(payload.batch.timeMs - state.nowMs) <= state.options.maxClockSkewMs;
}

/** Prepared: the pre-prepare and Q - 1 prepares of distinct backups. */
function commit(state: State, slot: Slot, round: Round, digest: Uint8Array): void {
  const { vote } = slot;
  if (!mayVoteAt(state, slot)) return;
  if (vote === null || vote.view !== round.view || vote.commit !== null) return;
  const prepares = gather(state, slot, round, 'prepare', digest, state.q - 1);
  if (prepares === undefined) return;
  const primary = { replica: primaryOf(round.view, state.n), signature: vote.proposal };
  const signatures = [...prepares, primary].sort((a, b) => a.replica - b.replica);
  const statement = statementAt(state, { phase: 'commit', view: round.view, height: slot.height, digest });
  const signature = signStatement(state.signer, state.set.chainId, statement);
  slot.prepared = { height: slot.height, view: round.view, decided: false, digest, signatures };
  slot.vote = { ...vote, commit: signature };
  persistVote(state, slot);
  round.commits[state.self] = { digest, signature, verified: true };
  const { epoch, view, height } = statement;
  send(state, 'all', { kind: 'commit', epoch, view, height, digest, signature });
}

/** Q commits of one view decide, whatever the own part in it. */
function learnDecision(state: State, slot: Slot, round: Round, digest: Uint8Array): void {
  if (slot.decided !== null) return;
  const signatures = gather(state, slot, round, 'commit', digest, state.q);
  if (signatures !== undefined) decide(state, slot, round.view, digest, signatures);
}

/** @param signatures Q verified commits */
export function decide(
  state: State,
  slot: Slot,
  view: number,
  digest: Uint8Array,
  signatures: readonly Signature[],
): void {
  assert(slot.decided === null, `height ${slot.height} is decided once`);
  const certificate = encodeCertificate({ epoch: state.set.epoch, view, signatures });
  slot.decided = { view, digest, signatures, certificate };
  persistDecision(state, slot);
}
