import { bytesUpTo, encode, type Infer, integer, list, optional, struct, toHex, uint } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import type { EngineRecord } from '../engine.ts';
import { accusedOf, readEvidence } from '../evidence/evidence.ts';
import { damagedRecord, heightKey, readRecord } from '../loop/records.ts';
import { MAX_BATCH_BYTES } from '../quorum/batch.ts';
import { MAX_REPLICAS } from '../quorum/replica-set.ts';
import { digestSchema, signatureBytesSchema, signatureSchema } from '../quorum/statement.ts';
import { decodeQbftMessage } from './messages.ts';
import { currentRound, type Decided, type Remembered, roundAt, type State } from './state.ts';

/**
 * The own words at the height that is open, in one record: durable before they are sent, so that after a restart the
 * replica stands by them. Payloads are records of their own, durable before the vote.
 */
const ownSchema = struct({
  height: integer(1),
  round: integer(1),
  vote: optional(
    struct({
      digest: digestSchema,
      proposal: signatureBytesSchema,
      prepare: signatureBytesSchema,
      commit: optional(signatureBytesSchema),
    }),
  ),
  prepared: optional(
    struct({ round: integer(1), digest: digestSchema, signatures: list(signatureSchema, MAX_REPLICAS) }),
  ),
  /** As sent; empty in round 1. */
  roundChange: bytesUpTo(2 * MAX_BATCH_BYTES),
});

const decidedSchema = struct({ payload: bytesUpTo(MAX_BATCH_BYTES), certificate: bytesUpTo(64 * 1024) });
const batchSchema = struct({ height: uint, payload: bytesUpTo(MAX_BATCH_BYTES) });

const OWN_KEY = 'qbft';
const DECIDED = 'qbft-decided';
const BATCH = 'qbft-batch';
const EVIDENCE = 'evidence';

export function persistOwn(state: State): void {
  const { height, round, vote, prepared, ownRoundChange } = state;
  const roundChange = ownRoundChange ?? new Uint8Array(0);
  state.said = { height, round, vote, prepared, roundChange };
  const value = encode(ownSchema, state.said);
  state.effects.push({ kind: 'persist', key: OWN_KEY, value });
}

export function persistBatch(state: State, digest: Uint8Array, payload: Uint8Array): void {
  const { height } = state;
  const key = `${heightKey(BATCH, height)}/${toHex(digest)}`;
  if (state.batchKeys.has(key)) return;
  state.batchKeys.set(key, height);
  state.effects.push({ kind: 'persist', key, value: encode(batchSchema, { height, payload }) });
}

/** Durable before anything is said at the next height: a swarm that stops as a whole finds its words and what they rest on. */
export function persistDecided(state: State, height: number, decided: Decided): void {
  const key = heightKey(DECIDED, height);
  state.effects.push({ kind: 'persist', key, value: encode(decidedSchema, decided) });
  for (const old of state.decided.keys()) {
    if (old > height - state.options.maxDecided) continue;
    state.decided.delete(old);
    state.effects.push({ kind: 'persist', key: heightKey(DECIDED, old), value: null, lazy: true });
  }
  // The votes of the height below are not needed once this one's decision is written.
  for (const [batch, of] of state.batchKeys) {
    if (of >= height) continue;
    state.batchKeys.delete(batch);
    state.effects.push({ kind: 'persist', key: batch, value: null, lazy: true });
  }
}

export function persistEvidence(state: State, id: string, evidence: Uint8Array): void {
  state.effects.push({ kind: 'persist', key: `${EVIDENCE}/${id}`, value: evidence });
}

export type OwnRecord = Infer<typeof ownSchema>;

/** Reads everything back, and tells evidence again: its first telling may not have reached the ledger. */
export function readRecords(state: State, records: readonly EngineRecord[]): void {
  const payloads = new Map<string, Uint8Array>();
  let own: OwnRecord | undefined;
  for (const { key, value } of records) {
    const family = key.split('/')[0];
    if (key === OWN_KEY) own = readRecord(ownSchema, key, value);
    else if (family === DECIDED) state.decided.set(heightOf(key), readRecord(decidedSchema, key, value));
    else if (family === BATCH) {
      const { height, payload } = readRecord(batchSchema, key, value);
      state.batchKeys.set(key, height);
      payloads.set(toHex(sha3_256(payload)), payload);
    } else if (family === EVIDENCE) restoreEvidence(state, key, value);
    else throw damagedRecord(key, 'no record of this kind');
  }
  if (own === undefined) return;
  state.said = own;
  state.remembered = { own, payloads };
  state.floor = Math.max(state.floor, own.height);
}

function heightOf(key: string): number {
  const height = Number(key.slice(DECIDED.length + 1));
  if (!Number.isSafeInteger(height)) throw damagedRecord(key, 'it names no height');
  return height;
}

function restoreEvidence(state: State, key: string, evidence: Uint8Array): void {
  const known = readEvidence(evidence);
  if (!known.ok) throw damagedRecord(key, 'it is no evidence');
  const peer = state.peers[accusedOf(known.value).replica];
  if (peer !== undefined) peer.accusations += 1;
  state.effects.push({ kind: 'evidence', evidence });
}

/** Takes up the own words once the height is open at which they were spoken. Below it nothing is said. */
export function takeUpOwn(state: State): void {
  const { remembered } = state;
  if (remembered === null || remembered.own.height > state.height) return;
  state.remembered = null;
  if (remembered.own.height === state.height) restoreOwn(state, remembered);
}

function restoreOwn(state: State, { own, payloads }: Remembered): void {
  if (own.prepared !== null && !payloads.has(toHex(own.prepared.digest))) {
    // The store forgot a decision and kept the clean-up after it: others have the decision.
    state.floor = own.height + 1;
    return;
  }
  const payloadOf = (digest: Uint8Array) => payloads.get(toHex(digest)) ?? null;
  const { vote, prepared, roundChange } = own;
  state.round = own.round;
  state.vote = vote;
  if (prepared !== null) {
    state.prepared = { ...prepared, payload: payloadOf(prepared.digest) as Uint8Array };
    const { prepares } = roundAt(state, state.height, prepared.round);
    for (const { replica, signature } of prepared.signatures) {
      prepares[replica] = { digest: prepared.digest, signature, verified: true };
    }
  }
  if (vote !== null) {
    const { digest, proposal: signature, prepare, commit } = vote;
    const round = currentRound(state);
    round.proposal = { digest, signature };
    round.payload = payloadOf(digest);
    round.prepares[state.self] = { digest, signature: prepare, verified: true };
    if (commit !== null) round.commits[state.self] = { digest, signature: commit, verified: true };
  }
  if (roundChange.length > 0) restoreRoundChange(state, roundChange);
}

function restoreRoundChange(state: State, bytes: Uint8Array): void {
  const message = decodeQbftMessage(bytes);
  if (!message.ok || message.value.kind !== 'round-change') throw damagedRecord(OWN_KEY, 'its round-change is none');
  state.ownRoundChange = bytes;
  state.roundChanges[state.self] = { ...message.value, sound: true };
}
