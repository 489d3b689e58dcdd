import { bytesUpTo, encode, equalBytes, optional, struct } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { decodeBatch, MAX_BATCH_BYTES } from '../quorum/batch.ts';
import { type AggregateCertificate, aggregateSchema, encodeAggregate } from './certificates.ts';
import { dropPayloads, persistRecord } from './journal.ts';
import { seenSchema } from './messages.ts';
import type { State } from './state.ts';
import { clearView, enter } from './views.ts';

export const DECIDED_PREFIX = 'hotstuff2-decided/';

export const decidedSchema = struct({
  payload: bytesUpTo(MAX_BATCH_BYTES),
  certificate: aggregateSchema,
  seen: optional(seenSchema),
});

function decidedKey(height: number): string {
  return DECIDED_PREFIX + String(height).padStart(16, '0');
}

/** A payload that a proved decision waits for. @returns whether it did */
export function complete(state: State, digest: Uint8Array, payload: Uint8Array): boolean {
  const { decision } = state;
  if (decision === null || !equalBytes(decision.digest, digest)) return false;
  decide(state, payload, decision.certificate);
  return true;
}

/** Hands the open height to the host and opens the next. The certificate is checked. */
export function decide(state: State, payload: Uint8Array, certificate: AggregateCertificate): void {
  const { height, seen } = state;
  const decided = { payload, certificate, seen: seen?.view === certificate.view ? seen : null };
  state.decided.set(height, decided);
  state.effects.push({ kind: 'persist', key: decidedKey(height), value: encode(decidedSchema, decided) });
  for (const old of state.decided.keys()) {
    if (old > height - state.options.maxDecided) continue;
    state.decided.delete(old);
    state.effects.push({ kind: 'persist', key: decidedKey(old), value: null, lazy: true });
  }
  const commit = { height, payload, certificate: encodeAggregate(certificate), finality: 'deterministic' } as const;
  state.effects.push({ kind: 'commit', commit });
  const batch = decodeBatch(payload);
  if (batch.ok) state.pool.committed(batch.value.requests);
  state.failedViews = 0;
  openHeight(state, height + 1);
  if (certificate.view > state.view) {
    enter(state, certificate.view, { phase: 'commit', height, digest: sha3_256(payload), certificate });
  }
  // Q voted at the height before in this very view, so nobody can be locked at the next: no locks to wait for.
  if (certificate.view === state.view) state.ready = `${state.view} ${state.height}`;
}

/** Everything of the old height is done with. The view goes on. */
export function openHeight(state: State, height: number): void {
  const { restored } = state;
  const own = restored?.height === height ? restored : null;
  if (restored !== null && restored.height <= height) state.restored = null;
  state.height = height;
  state.voted = own?.voted ?? null;
  state.lock = own?.lock ?? null;
  state.decision = null;
  clearView(state);
  dropPayloads(state, [state.voted?.digest, state.lock?.digest]);
  for (const known of state.ahead.keys()) if (known < height) state.ahead.delete(known);
  persistRecord(state);
}

/** Blocks that were proved before their turn. */
export function decideAhead(state: State): void {
  for (;;) {
    const next = state.ahead.get(state.height);
    if (next === undefined) return;
    state.ahead.delete(state.height);
    decide(state, next.payload, next.certificate);
  }
}
