import { toHex } from '@murmuration/core';
import { persistPayload } from './journal.ts';
import { payloadOf, type Slot, type State } from './state.ts';

/** Hands decided heights to the host, in order and without gaps. */
export function deliver(state: State): void {
  for (;;) {
    const slot = state.slots.get(state.committed + 1);
    if (slot === undefined || slot.decided === null) return;
    const payload = payloadOf(slot, slot.decided.digest);
    if (payload === undefined) return;
    const { certificate, digest, view } = slot.decided;
    persistPayload(state, slot, digest, payload);
    state.committed = slot.height;
    if (view === state.view) state.failedViews = 0;
    state.pool.committed(payload.batch.requests);
    retain(state, slot, digest, payload.bytes.length);
    const commit = { height: slot.height, payload: payload.bytes, certificate, finality: 'deterministic' } as const;
    state.effects.push({ kind: 'commit', commit });
  }
}

/** Keeps recent payloads for laggards within a budget; of older heights only what was decided is remembered. */
function retain(state: State, slot: Slot, digest: Uint8Array, bytes: number): void {
  for (const key of slot.payloads.keys()) if (key !== toHex(digest)) slot.payloads.delete(key);
  state.retainedBytes += bytes;
  let height = state.stable.height + 1;
  while (state.retainedBytes > state.options.maxRetainedBytes && height < state.committed) {
    const old = state.slots.get(height++);
    if (old?.decided == null || old.payloads.size === 0) continue;
    state.retainedBytes -= payloadOf(old, old.decided.digest)?.bytes.length ?? 0;
    old.payloads.clear();
  }
}

/** A slot goes: its payload no longer counts. */
export function release(state: State, slot: Slot): void {
  if (slot.decided === null || slot.height > state.committed) return;
  state.retainedBytes -= payloadOf(slot, slot.decided.digest)?.bytes.length ?? 0;
}
