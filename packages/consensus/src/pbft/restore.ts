import { decode, MurmurError, type Schema, toHex } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import type { EngineRecord } from '../engine.ts';
import { accusedOf, readEvidence } from '../evidence/evidence.ts';
import { decodeBatch } from '../quorum/batch.ts';
import { encodeCertificate } from '../quorum/certificate.ts';
import { primaryOf } from '../quorum/replica-set.ts';
import {
  decisionRecordSchema,
  STABLE_KEY,
  stableRecordSchema,
  VIEW_KEY,
  type VoteRecord,
  viewRecordSchema,
  voteRecordSchema,
} from './journal.ts';
import { readViewChangeBody } from './justification.ts';
import { decodeMessage, MAX_MESSAGE_BYTES, newViewBodySchema } from './messages.ts';
import { bindHeights, heldNewView } from './new-view.ts';
import { roundAt, type Slot, type State, slotAt } from './state.ts';

/** Brings a state back to what its journal says. A vote that was sent is stood by for ever. */
export function restore(state: State, records: readonly EngineRecord[]): void {
  const byKey = new Map(records.map(({ key, value }) => [key, value]));
  restoreStable(state, byKey.get(STABLE_KEY));
  const view = byKey.get(VIEW_KEY);
  if (view !== undefined) state.view = read(viewRecordSchema, VIEW_KEY, view).view;
  for (const [key, value] of byKey) {
    const [family, height] = key.split('/');
    if (family === 'evidence') restoreEvidence(state, value);
    if (height === undefined || family === 'evidence') continue;
    restoreHeight(state, key, family as string, Number(height), value);
  }
  if (view !== undefined) restoreView(state, view);
  rememberRequests(state);
}

/** What the last blocks ordered is not ordered again. */
function rememberRequests(state: State): void {
  for (const { height, decided, payloads } of state.slots.values()) {
    if (decided === null || height > state.executed) continue;
    state.pool.committed(payloads.get(toHex(decided.digest))?.batch.requests ?? []);
  }
}

function restoreStable(state: State, value: Uint8Array | undefined): void {
  if (value !== undefined) state.stable = read(stableRecordSchema, STABLE_KEY, value);
}

/** Evidence is told again at each start: its first telling may not have reached the ledger. */
function restoreEvidence(state: State, evidence: Uint8Array): void {
  const known = readEvidence(evidence);
  if (!known.ok) throw damaged('evidence', known.reason);
  const peer = state.peers[accusedOf(known.value).replica];
  if (peer !== undefined) peer.accusations += 1;
  state.effects.push({ kind: 'evidence', evidence });
}

function restoreHeight(state: State, key: string, family: string, height: number, value: Uint8Array): void {
  if (!Number.isSafeInteger(height) || height <= state.stable.height) {
    state.effects.push({ kind: 'persist', key, value: null, lazy: true });
    return;
  }
  const slot = slotAt(state, height);
  slot.journal.add(key);
  if (family === 'batch') restoreBatch(slot, key, value);
  else if (family === 'vote') restoreVote(state, slot, read(voteRecordSchema, key, value));
  else if (family === 'decided') restoreDecision(state, slot, key, value);
  else throw damaged(key, 'no record of this kind');
}

function restoreBatch(slot: Slot, key: string, bytes: Uint8Array): void {
  const batch = decodeBatch(bytes);
  if (!batch.ok) throw damaged(key, batch.reason);
  slot.payloads.set(toHex(sha3_256(bytes)), { bytes, batch: batch.value });
}

function restoreVote(state: State, slot: Slot, record: VoteRecord): void {
  const { prepared, view, digest, proposal, prepare, commit } = record;
  slot.vote = { view, digest, proposal, prepare, commit };
  const round = roundAt(state, slot, view);
  round.proposal = { digest, signature: proposal };
  if (prepare !== null) round.prepares[state.self] = { digest, signature: prepare, verified: true };
  if (commit !== null) round.commits[state.self] = { digest, signature: commit, verified: true };
  if (prepared === null) return;
  slot.prepared = { ...prepared, height: slot.height, decided: false };
  const preparedIn = roundAt(state, slot, prepared.view);
  for (const { replica, signature } of prepared.signatures) {
    if (replica === primaryOf(prepared.view, state.n)) preparedIn.proposal = { digest: prepared.digest, signature };
    else preparedIn.prepares[replica] = { digest: prepared.digest, signature, verified: true };
  }
}

function restoreDecision(state: State, slot: Slot, key: string, value: Uint8Array): void {
  const { view, digest, signatures } = read(decisionRecordSchema, key, value);
  slot.decided = {
    view,
    digest,
    signatures,
    certificate: encodeCertificate({ epoch: state.set.epoch, view, signatures }),
  };
}

function restoreView(state: State, value: Uint8Array): void {
  const { changing, viewChange, newView } = read(viewRecordSchema, VIEW_KEY, value);
  state.changing = changing;
  if (changing) state.failedViews = 1;
  if (viewChange.length > 0) restoreViewChange(state, viewChange);
  if (newView.length === 0) return;
  const message = decodeMessage(newView);
  if (!message.ok || message.value.kind !== 'new-view') throw damaged(VIEW_KEY, 'its new-view is none');
  const body = read(newViewBodySchema, VIEW_KEY, message.value.body);
  state.newView = heldNewView(message.value, body);
  bindHeights(state, state.newView);
}

function restoreViewChange(state: State, bytes: Uint8Array): void {
  const message = decodeMessage(bytes);
  if (!message.ok || message.value.kind !== 'view-change') throw damaged(VIEW_KEY, 'its view-change is none');
  const { body: bodyBytes, signature, stableCertificate, proofs } = message.value;
  const body = readViewChangeBody(bodyBytes);
  if (!body.ok) throw damaged(VIEW_KEY, body.reason);
  state.ownViewChange = bytes;
  const digest = sha3_256(bodyBytes);
  const sound = true;
  const replica = state.self;
  state.viewChanges[replica] = {
    replica,
    body: body.value,
    bodyBytes,
    digest,
    signature,
    stableCertificate,
    proofs,
    sound,
  };
}

function read<T>(schema: Schema<T>, key: string, value: Uint8Array): T {
  const decoded = decode(schema, value, { maxBytes: 2 * MAX_MESSAGE_BYTES + 64 });
  if (!decoded.ok) throw damaged(key, decoded.detail ?? decoded.reason);
  return decoded.value;
}

function damaged(key: string, why: string): MurmurError {
  return new MurmurError({
    code: 'CONSENSUS_JOURNAL_DAMAGED',
    message: `the consensus record "${key}" cannot be read: ${why}`,
    remedy:
      'do not delete it and go on: a replica that forgets its votes can break agreement. Restore the store, or rejoin under a new key',
    facts: { key },
  });
}
