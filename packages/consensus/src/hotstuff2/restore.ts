import { toHex } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import type { EngineRecord, Executed } from '../engine.ts';
import { accusedOf, evidenceId, readEvidence } from '../evidence/evidence.ts';
import { damagedRecord, readRecord } from '../loop/records.ts';
import { decodeBatch } from '../quorum/batch.ts';
import { DECIDED_PREFIX, decide, decidedSchema } from './deciding.ts';
import { PAYLOAD_PREFIX } from './journal.ts';
import { type OwnRecord, RECORD_KEY, recordSchema } from './records.ts';
import type { State } from './state.ts';

/** Brings a state back to what its journal says, and hands the host what it has decided beyond its own blocks. */
export function restore(state: State, records: readonly EngineRecord[], executed: Executed): void {
  state.height = executed.height + 1;
  state.executed = executed.height;
  for (const { key, value } of records) {
    if (key.startsWith('evidence/')) restoreEvidence(state, key, value);
    else if (key.startsWith(PAYLOAD_PREFIX)) restorePayload(state, value);
    else if (key.startsWith(DECIDED_PREFIX)) restoreDecided(state, key, value);
  }
  const own = records.find(({ key }) => key === RECORD_KEY);
  if (own !== undefined) restoreOwn(state, readRecord(recordSchema, RECORD_KEY, own.value));
  for (;;) {
    const decided = state.decided.get(state.height);
    if (decided === undefined) break;
    decide(state, decided.payload, decided.certificate);
  }
}

/** A restarted replica stands by its words, and says nothing at heights whose words it may have forgotten. */
function restoreOwn(state: State, record: OwnRecord): void {
  state.said = record;
  state.view = record.view;
  state.proof = record.proof;
  if (record.height < state.height) return;
  state.votesFrom = record.height;
  if (record.height > state.height) {
    state.restored = record;
    return;
  }
  state.voted = record.voted;
  state.lock = record.lock;
}

function restoreDecided(state: State, key: string, value: Uint8Array): void {
  const height = Number(key.slice(DECIDED_PREFIX.length));
  if (!Number.isSafeInteger(height)) throw damagedRecord(key, 'its height is none');
  const decided = readRecord(decidedSchema, key, value);
  state.decided.set(height, decided);
  const batch = decodeBatch(decided.payload);
  if (batch.ok && height < state.height) state.pool.committed(batch.value.requests);
}

function restorePayload(state: State, payload: Uint8Array): void {
  const name = toHex(sha3_256(payload));
  state.payloads.set(name, payload);
  state.kept.add(name);
}

/** Evidence is told again at each start: its first telling may not have reached the ledger. */
function restoreEvidence(state: State, key: string, evidence: Uint8Array): void {
  const known = readEvidence(evidence);
  if (!known.ok) throw damagedRecord(key, known.reason);
  const peer = state.peers[accusedOf(known.value).replica];
  if (peer !== undefined) peer.accusations += 1;
  state.told.add(evidenceId(evidence));
  state.effects.push({ kind: 'evidence', evidence });
}
