import { encode, struct, uint } from '@murmuration/core';
import { decodeBatch } from '../quorum/batch.ts';
import { persistHard } from './journal.ts';
import type { State } from './state.ts';

/** Where the entry stands in the log. It proves nothing to who does not trust the members: finality is `crash`. */
const certificateSchema = struct({ term: uint, index: uint });

/** Raises the commit index, and hands what is new to the host in order. */
export function commitUpTo(state: State, index: number): void {
  if (index <= state.commit) return;
  state.commit = index;
  persistHard(state);
  deliver(state);
}

export function deliver(state: State): void {
  while (state.delivered < state.commit) {
    const height = state.delivered + 1;
    const entry = state.log.at(height);
    if (entry === undefined) return; // in a snapshot that the host has been told to install
    state.delivered = height;
    const batch = decodeBatch(entry.payload);
    if (batch.ok) state.waiting.committed(batch.value.requests);
    const certificate = encode(certificateSchema, { term: entry.term, index: height });
    state.effects.push({ kind: 'commit', commit: { height, payload: entry.payload, certificate, finality: 'crash' } });
  }
}
