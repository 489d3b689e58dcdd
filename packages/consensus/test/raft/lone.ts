import { seededRandom } from '@murmuration/core';
import { encodeBatch } from '../../src/quorum/batch.ts';
import { createRaft } from '../../src/raft/engine.ts';
import type { RaftEffect, RaftEngine, RaftEvent } from '../../src/raft/events.ts';
import type { Entry } from '../../src/raft/log.ts';
import { decodeRaftMessage, encodeRaftMessage, type RaftMessage } from '../../src/raft/messages.ts';
import { OPTIONS } from './cluster.ts';

/** One member under test: the others are played by the test. */
export class Lone {
  readonly engine: RaftEngine;
  readonly records = new Map<string, Uint8Array>();
  effects: readonly RaftEffect[] = [];

  constructor(size: number, self = 0, records: ReadonlyMap<string, Uint8Array> = new Map(), executed = 0) {
    this.engine = createRaft({ size, self, random: seededRandom(`lone ${self}`) }, OPTIONS);
    this.records = new Map(records);
    const list = [...records].map(([key, value]) => ({ key, value }));
    this.step({
      kind: 'start',
      nowMs: 0,
      records: list,
      executed: { height: executed, stateDigest: new Uint8Array(32) },
    });
  }

  step(event: RaftEvent): readonly RaftEffect[] {
    this.effects = this.engine.step(event);
    for (const effect of this.effects) {
      if (effect.kind !== 'persist') continue;
      if (effect.value === null) this.records.delete(effect.key);
      else this.records.set(effect.key, effect.value);
    }
    return this.effects;
  }

  hear(from: number, message: RaftMessage): { to: number; message: RaftMessage }[] {
    this.step({ kind: 'message', nowMs: 0, from, bytes: encodeRaftMessage(message) });
    return this.sent();
  }

  sent(): { to: number; message: RaftMessage }[] {
    return this.effects.flatMap((effect) => {
      if (effect.kind !== 'send') return [];
      const decoded = decodeRaftMessage(effect.bytes);
      return decoded.ok ? [{ to: effect.to as number, message: decoded.value }] : [];
    });
  }

  refusals(): string[] {
    return this.effects.flatMap((effect) => (effect.kind === 'refused' ? [effect.reason] : []));
  }

  commits(): number[] {
    return this.effects.flatMap((effect) => (effect.kind === 'commit' ? [effect.commit.height] : []));
  }

  tick(times = 1): void {
    for (let i = 0; i < times; i++) this.step({ kind: 'timer', nowMs: 0, id: 'tick' });
  }

  /** Past any election timeout, up to the pre-vote. */
  timeOut(): void {
    for (let i = 0; i < 25 && this.engine.status.role !== 'pre-candidate'; i++) this.tick();
  }

  /** Wins an election with the votes of these. */
  lead(...voters: readonly number[]): void {
    this.timeOut();
    const term = this.engine.status.term + 1;
    for (const from of voters) this.hear(from, { kind: 'voted', term, pre: true, granted: true });
    for (const from of voters) this.hear(from, { kind: 'voted', term, pre: false, granted: true });
    if (this.engine.status.role !== 'leader') throw new Error('not elected');
  }
}

export function entry(term: number, text = ''): Entry {
  const requests = text === '' ? [] : [new TextEncoder().encode(text)];
  return { term, members: null, payload: encodeBatch({ timeMs: 0, requests }) };
}

export function append(term: number, prevIndex: number, prevTerm: number, entries: Entry[], commit = 0): RaftMessage {
  return { kind: 'append', term, prevIndex, prevTerm, entries, commit };
}

/** A follower of leader 1 in `term` whose log holds entries of these terms. */
export function follower(size: number, terms: readonly number[], term: number): Lone {
  const lone = new Lone(size);
  lone.hear(
    1,
    append(
      term,
      0,
      0,
      terms.map((t, i) => entry(t, `e${i + 1}`)),
    ),
  );
  return lone;
}
