import { encode, toHex } from '@murmuration/core';
import { RECORD_KEY, recordSchema } from './records.ts';
import type { State } from './state.ts';

export function persistRecord(state: State): void {
  const { height, view, proof, voted, lock, restored } = state;
  const own = restored === null ? { height, view, proof, voted, lock } : { ...restored, view, proof };
  state.said = own;
  state.effects.push({ kind: 'persist', key: RECORD_KEY, value: encode(recordSchema, own) });
}

export const PAYLOAD_PREFIX = 'hotstuff2-payload/';

/** Keeps a payload of the open height; durable before a vote for it leaves. */
export function keepPayload(state: State, digest: Uint8Array, payload: Uint8Array, durable: boolean): void {
  const name = toHex(digest);
  state.payloads.set(name, payload);
  if (!durable || state.kept.has(name)) return;
  state.kept.add(name);
  state.effects.push({ kind: 'persist', key: PAYLOAD_PREFIX + name, value: payload });
}

/** Forgets the payloads that neither a vote nor a certificate names. */
export function dropPayloads(state: State, wanted: readonly (Uint8Array | undefined)[]): void {
  const { voted, lock } = state.restored ?? {};
  const names = new Set(
    [...wanted, voted?.digest, lock?.digest].flatMap((digest) => (digest === undefined ? [] : [toHex(digest)])),
  );
  for (const name of state.payloads.keys()) {
    if (names.has(name)) continue;
    state.payloads.delete(name);
    if (!state.kept.delete(name)) continue;
    state.effects.push({ kind: 'persist', key: PAYLOAD_PREFIX + name, value: null, lazy: true });
  }
}

export function payloadOf(state: State, digest: Uint8Array): Uint8Array | undefined {
  return state.payloads.get(toHex(digest));
}
