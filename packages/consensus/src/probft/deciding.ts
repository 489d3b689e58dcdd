import { decodeCanonical, encode } from '@murmuration/core';
import { decodeBatch } from '../quorum/batch.ts';
import { decodeProbftMessage, newLeaderBodySchema } from './messages.ts';
import { decidedKey, decidedSchema, persistRecord, type State } from './state.ts';

/** Hands the open height to the host and opens the next. */
export function decide(state: State, payload: Uint8Array, certificate: Uint8Array): void {
  const { height } = state;
  const decided = { payload, certificate };
  state.decided.set(height, decided);
  state.effects.push({ kind: 'persist', key: decidedKey(height), value: encode(decidedSchema, decided) });
  const old = height - state.options.maxDecided;
  if (state.decided.delete(old)) state.effects.push({ kind: 'persist', key: decidedKey(old), value: null });
  state.effects.push({ kind: 'commit', commit: { height, payload, certificate, finality: 'probabilistic' } });
  const batch = decodeBatch(payload);
  if (batch.ok) state.waiting.committed(batch.value.requests);
  openHeight(state, height + 1);
}

/** Everything of the old height is done with. */
export function openHeight(state: State, height: number): void {
  state.height = height;
  state.view = 1;
  state.prepared = null;
  state.ownNewLeader = new Uint8Array(0);
  state.newLeaders.clear();
  clearView(state);
  takeUpOwn(state);
  persistRecord(state);
}

/** The own words of the open height: a restarted replica stands by them. */
export function takeUpOwn(state: State): void {
  const { restored } = state;
  if (restored === null || restored.height > state.height) return;
  state.restored = null;
  if (restored.height < state.height) return;
  state.view = restored.view;
  state.voted = restored.voted;
  state.prepared = restored.prepared;
  state.commitSent = restored.prepared?.view === restored.view;
  state.ownNewLeader = restored.newLeader;
  if (restored.newLeader.length === 0) return;
  const decoded = decodeProbftMessage(restored.newLeader);
  if (!decoded.ok || decoded.value.kind !== 'new-leader') return;
  const { body: bodyBytes, signature, payload } = decoded.value;
  const body = decodeCanonical(newLeaderBodySchema, bodyBytes);
  if (body.ok) state.newLeaders.set(state.self, { body: body.value, bodyBytes, signature, payload });
  state.effects.push({ kind: 'send', to: 'all', bytes: restored.newLeader });
}

export function clearView(state: State): void {
  state.voted = null;
  state.leaderSigned = null;
  state.contested = false;
  state.payload = null;
  state.prepares = new Map();
  state.commits = new Map();
  state.commitSent = false;
  state.waiting.reorder([]);
}
