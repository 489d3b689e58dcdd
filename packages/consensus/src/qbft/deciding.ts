import { equalBytes } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { type Batch, decodeBatch } from '../quorum/batch.ts';
import { encodeCertificate } from '../quorum/certificate.ts';
import { persistBatch, persistDecided, persistOwn, takeUpOwn } from './journal.ts';
import { currentRound, HEIGHTS_BELOW, isOpen, type Round, type State, send, signHere } from './state.ts';
import { gather } from './votes.ts';

/** @returns the batch, where these bytes are one within the limits */
export function readBatch(state: State, payload: Uint8Array): Batch | undefined {
  const { maxBatchBytes, maxBatchRequests, maxRequestBytes } = state.options;
  if (payload.length > maxBatchBytes) return undefined;
  const batch = decodeBatch(payload);
  if (!batch.ok || batch.value.requests.length > maxBatchRequests) return undefined;
  return batch.value.requests.some(({ length }) => length > maxRequestBytes) ? undefined : batch.value;
}

/** Stands by the proposal of this round: signed and durable, to be sent by the caller. */
export function castPrepare(state: State): void {
  const round = currentRound(state);
  if (round.proposal === null || round.payload === null || state.vote !== null) return;
  const { digest, signature: proposal } = round.proposal;
  const prepare = signHere(state, 'prepare', digest);
  state.vote = { digest, proposal, prepare, commit: null };
  round.prepares[state.self] = { digest, signature: prepare, verified: true };
  persistBatch(state, digest, round.payload);
  persistOwn(state);
}

/** Prepare, commit, decided: as far as the votes allow. */
export function advance(state: State): void {
  if (isOpen(state)) {
    sendPrepare(state);
    sendCommit(state);
  }
  for (const round of state.log.get(state.height)?.values() ?? []) if (learn(state, round)) return;
}

function sendPrepare(state: State): void {
  if (state.vote !== null) return;
  castPrepare(state);
  if (state.vote === null) return;
  const { digest, prepare: signature } = state.vote;
  send(state, 'all', { kind: 'prepare', ...placeOf(state), digest, signature });
}

/** Q prepares of the current round: (pr, pv) is set before the commit says so. */
function sendCommit(state: State): void {
  const round = currentRound(state);
  const { vote } = state;
  if (vote === null || vote.commit !== null || round.payload === null) return;
  const signatures = gather(state, round, 'prepare', vote.digest);
  if (signatures === undefined) return;
  const commit = signHere(state, 'commit', vote.digest);
  state.prepared = { round: state.round, digest: vote.digest, signatures, payload: round.payload };
  state.vote = { ...vote, commit };
  round.commits[state.self] = { digest: vote.digest, signature: commit, verified: true };
  persistOwn(state);
  send(state, 'all', { kind: 'commit', ...placeOf(state), digest: vote.digest, signature: commit });
}

export function placeOf({ set, height, round }: State) {
  return { epoch: set.epoch, height, round };
}

/** Q commits of one round decide, whatever the own part in it. @returns whether they did */
function learn(state: State, round: Round): boolean {
  const seen: Uint8Array[] = [];
  for (const vote of round.commits) {
    if (vote === undefined || seen.some((digest) => equalBytes(digest, vote.digest))) continue;
    seen.push(vote.digest);
    const payload = payloadOf(state, round, vote.digest);
    const signatures = payload === undefined ? undefined : gather(state, round, 'commit', vote.digest);
    if (payload === undefined || signatures === undefined) continue;
    decide(state, payload, encodeCertificate({ epoch: state.set.epoch, view: round.round, signatures }));
    return true;
  }
  return false;
}

function payloadOf(state: State, round: Round, digest: Uint8Array): Uint8Array | undefined {
  if (round.payload !== null && round.proposal !== null && equalBytes(round.proposal.digest, digest)) {
    return round.payload;
  }
  return state.prepared !== null && equalBytes(state.prepared.digest, digest) ? state.prepared.payload : undefined;
}

/** Hands the open height to the host and turns to the next. */
export function decide(state: State, payload: Uint8Array, certificate: Uint8Array): void {
  const { height } = state;
  const decided = { payload, certificate };
  state.decided.set(height, decided);
  persistDecided(state, height, decided);
  state.effects.push({ kind: 'commit', commit: { height, payload, certificate, finality: 'deterministic' } });
  const batch = decodeBatch(payload);
  if (batch.ok) state.pool.committed(batch.value.requests);
  openHeight(state, height + 1);
}

/** Everything of the heights below is done with, but for what may convict somebody. */
export function openHeight(state: State, height: number): void {
  state.height = height;
  state.prepared = null;
  state.ownRoundChange = null;
  state.roundChanges = [];
  for (const [old, rounds] of state.log) {
    for (const round of rounds.values()) round.payload = null;
    if (old < height - HEIGHTS_BELOW) state.log.delete(old);
  }
  clearRound(state, 1);
  takeUpOwn(state);
}

export function clearRound(state: State, round: number): void {
  state.round = round;
  state.vote = null;
  state.ownProposal = null;
  state.abandon = false;
  state.pool.requeue([]);
}

/** Whether `payload` is what `digest` names. */
export function names(digest: Uint8Array, payload: Uint8Array): boolean {
  return equalBytes(sha3_256(payload), digest);
}
