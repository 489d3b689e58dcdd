import { equalBytes, MurmurError } from '@murmuration/core';
import type { ReplicaSet } from '../quorum/replica-set.ts';

/** What every engine's state has besides its protocol. */
export interface Shell<Effect> {
  /** The host's wall clock at this step. */
  nowMs: number;
  started: boolean;
  /** Of this step so far, in the order they are carried out. */
  effects: Effect[];
}

/**
 * One step: the event is taken, and what it brought about returned. A start that throws is no start: an engine that
 * could not read its votes takes nothing.
 * @throws CONSENSUS_NOT_STARTED, CONSENSUS_STARTED_TWICE
 */
export function takeStep<Event extends { readonly kind: string; readonly nowMs: number }, Effect>(
  shell: Shell<Effect>,
  event: Event,
  take: (event: Event) => void,
): readonly Effect[] {
  const starting = event.kind === 'start';
  if (shell.started === starting) throw wrongStart(event.kind);
  shell.nowMs = event.nowMs;
  shell.effects = [];
  take(event);
  shell.started = true;
  return shell.effects;
}

function wrongStart(kind: string): MurmurError {
  const twice = kind === 'start';
  return new MurmurError({
    code: twice ? 'CONSENSUS_STARTED_TWICE' : 'CONSENSUS_NOT_STARTED',
    message: twice ? 'the engine was started a second time' : `the engine got a ${kind} before its start`,
    remedy: twice ? 'create a new engine for every boot' : 'step a start event with all persisted records first',
  });
}

/** Where effects of some kind can be put. */
export interface Sink<Effect> {
  readonly effects: { push(effect: Effect): unknown };
}

/** Counts what was not accepted. `reason` is kebab case. */
export function refused(
  shell: Sink<{ readonly kind: 'refused'; readonly from?: number; readonly reason: string }>,
  reason: string,
  from?: number,
): void {
  shell.effects.push({ kind: 'refused', reason, ...(from === undefined ? {} : { from }) });
}

/** Whether bytes can have come from `from`: another replica of n. */
export function isPeer(from: number, self: number, n: number): boolean {
  return Number.isInteger(from) && from >= 0 && from < n && from !== self;
}

/** @throws CONSENSUS_WRONG_SIGNER where `publicKey` is not the key of replica `self` */
export function checkSigner(set: ReplicaSet, self: number, publicKey: Uint8Array): void {
  const key = set.replicas[self]?.key;
  if (key !== undefined && equalBytes(key, publicKey)) return;
  throw new MurmurError({
    code: 'CONSENSUS_WRONG_SIGNER',
    message: `the signer is not replica ${self} of this set of ${set.replicas.length}`,
    remedy: 'give the replica the key that the genesis or the last reconfiguration names for it',
    facts: { self },
  });
}
