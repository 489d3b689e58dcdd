import {
  boolean,
  bytesUpTo,
  encode,
  type Infer,
  integer,
  list,
  optional,
  struct,
  toHex,
  uint,
} from '@murmuration/core';
import { MAX_BATCH_BYTES } from '../quorum/batch.ts';
import { MAX_REPLICAS } from '../quorum/replica-set.ts';
import { digestSchema, signatureBytesSchema, signatureSchema } from '../quorum/statement.ts';
import { MAX_MESSAGE_BYTES } from './messages.ts';
import type { Payload, Slot, State } from './state.ts';

/**
 * What must outlive a crash. A vote is written before it is sent, so that after a restart the replica stands by
 * it; a payload before its vote, so that a whole swarm that stops keeps what it had prepared.
 */
export const voteRecordSchema = struct({
  view: uint,
  digest: digestSchema,
  proposal: signatureBytesSchema,
  prepare: optional(signatureBytesSchema),
  commit: optional(signatureBytesSchema),
  prepared: optional(struct({ view: uint, digest: digestSchema, signatures: list(signatureSchema, MAX_REPLICAS) })),
});

export const decisionRecordSchema = struct({
  view: uint,
  digest: digestSchema,
  signatures: list(signatureSchema, MAX_REPLICAS),
});

export const viewRecordSchema = struct({
  view: uint,
  changing: boolean,
  /** Messages as sent or received. Empty where there is none. */
  viewChange: bytesUpTo(MAX_MESSAGE_BYTES),
  newView: bytesUpTo(MAX_MESSAGE_BYTES),
});

export const stableRecordSchema = struct({
  height: integer(1),
  digest: digestSchema,
  certificate: bytesUpTo(MAX_MESSAGE_BYTES),
});

export const batchRecordSchema = bytesUpTo(MAX_BATCH_BYTES);

export type VoteRecord = Infer<typeof voteRecordSchema>;
export type DecisionRecord = Infer<typeof decisionRecordSchema>;

export const VIEW_KEY = 'view';
export const STABLE_KEY = 'stable';

function keyAt(family: string, height: number): string {
  return `${family}/${String(height).padStart(16, '0')}`;
}

function batchKey(height: number, digest: Uint8Array): string {
  return `${keyAt('batch', height)}/${toHex(digest)}`;
}

function put(state: State, slot: Slot, key: string, value: Uint8Array): void {
  slot.journal.add(key);
  state.effects.push({ kind: 'persist', key, value });
}

export function persistVote(state: State, slot: Slot): void {
  const { vote, prepared } = slot;
  if (vote === null) return;
  const record = { ...vote, prepared: prepared === null ? null : prepared };
  put(state, slot, keyAt('vote', slot.height), encode(voteRecordSchema, record));
}

export function persistDecision(state: State, slot: Slot): void {
  if (slot.decided === null) return;
  const key = keyAt('decided', slot.height);
  slot.journal.add(key);
  // A quorum's votes are durable: whoever forgets the decision is told again.
  state.effects.push({ kind: 'persist', key, value: encode(decisionRecordSchema, slot.decided), lazy: true });
}

/** Writes a payload once, and drops those that nothing at this height can need again. */
export function persistPayload(state: State, slot: Slot, digest: Uint8Array, payload: Payload): void {
  const key = batchKey(slot.height, digest);
  const { prepared } = slot;
  const kept = prepared === null ? key : batchKey(slot.height, prepared.digest);
  if (!slot.journal.has(key)) put(state, slot, key, payload.bytes);
  for (const old of slot.journal) if (old.startsWith('batch/') && old !== key && old !== kept) erase(state, slot, old);
}

export function persistView(state: State): void {
  const record = {
    view: state.view,
    changing: state.changing,
    viewChange: state.ownViewChange ?? new Uint8Array(0),
    newView: state.newView?.bytes ?? new Uint8Array(0),
  };
  state.effects.push({ kind: 'persist', key: VIEW_KEY, value: encode(viewRecordSchema, record) });
}

export function persistStable(state: State): void {
  state.effects.push({ kind: 'persist', key: STABLE_KEY, value: encode(stableRecordSchema, state.stable) });
}

/** Forgets a height that a stable checkpoint covers. */
export function eraseSlot(state: State, slot: Slot): void {
  for (const key of slot.journal) erase(state, slot, key);
}

function erase(state: State, slot: Slot, key: string): void {
  slot.journal.delete(key);
  state.effects.push({ kind: 'persist', key, value: null, lazy: true });
}
