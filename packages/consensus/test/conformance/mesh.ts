import { compareBytes, type Random, seededRandom, toHex, utf8 } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { type Commit, decodeBatch, type EngineEvent } from '../../src/index.ts';
import type { ProbftEffect } from '../../src/probft/state.ts';
import type { RaftEffect } from '../../src/raft/events.ts';
import type { AnyEngine, Group, ProtocolUnderTest } from './protocol.ts';

export interface MeshFaults {
  /** Of messages, by chance. */
  readonly loss: number;
  readonly duplication: number;
  readonly maxDelayMs: number;
}

export interface Sent {
  readonly from: number;
  readonly to: number;
  readonly bytes: Uint8Array;
}

/** What was on the disk of a replica: its journal, and how many blocks. */
export interface Disk {
  readonly journal: ReadonlyMap<string, Uint8Array>;
  readonly blocks: number;
}

const START_MS = 1_767_225_600_000;
const CALM: MeshFaults = { loss: 0, duplication: 0, maxDelayMs: 10 };
/** Certified blocks that one answer to a laggard carries. */
const BLOCKS_AT_ONCE = 32;

/**
 * Engines of any protocol around one queue of virtual time, from one seed: each has a journal that survives crashes,
 * executes what it commits, and fetches certified blocks when it is told that it is behind. Agreement, order, finality
 * and certificates are checked at every commit.
 */
export class Mesh {
  readonly n: number;
  readonly commits: Commit[][];
  readonly refusals = new Map<string, number>();
  readonly evidence: Uint8Array[] = [];
  readonly sent: Sent[] = [];
  faults: MeshFaults = CALM;
  /** Sees every message as it leaves. */
  onSent: (sent: Sent) => void = () => {};
  /** Sees who has just written to its journal. */
  onPersisted: (self: number) => void = () => {};
  /** False where hosts say at every boot that their records are all there ever were. */
  asks = true;
  nowMs = 0;
  private readonly protocol: ProtocolUnderTest;
  private readonly group: Group;
  private readonly engines: (AnyEngine | null)[];
  private readonly journals: Map<string, Uint8Array>[];
  private readonly timers: Map<string, number>[];
  private readonly states: Uint8Array[][];
  /** Effects that a replica still carries out before it crashes. */
  private readonly fuses = new Map<number, number>();
  private readonly random: Random;
  private queue: { readonly at: number; readonly order: number; readonly run: () => void }[] = [];
  private order = 0;

  constructor(protocol: ProtocolUnderTest, n: number, seed: number | string, silent: readonly number[] = []) {
    this.n = n;
    this.protocol = protocol;
    this.group = protocol.group(n);
    this.random = seededRandom(`mesh ${seed}`);
    const each = <T>(make: () => T) => Array.from({ length: n }, make);
    this.engines = each(() => null);
    this.journals = each(() => new Map());
    this.timers = each(() => new Map());
    this.commits = each(() => []);
    this.states = each(() => [new Uint8Array(32)]);
    for (let self = 0; self < n; self++) if (!silent.includes(self)) this.boot(self);
  }

  boot(self: number): void {
    if (this.engines[self] !== null) return;
    const engine = this.group.engine(self);
    this.engines[self] = engine;
    const records = [...(this.journals[self] as Map<string, Uint8Array>)]
      .map(([key, value]) => ({ key, value }))
      .sort((a, b) => compareBytes(utf8(a.key), utf8(b.key)));
    const height = this.commits[self]?.length ?? 0;
    const executed = { height, stateDigest: this.state(self, height) };
    this.step(self, { kind: 'start', records, executed, ...(this.asks ? {} : { sure: true }) });
  }

  copyDisk(self: number): Disk {
    return { journal: new Map(this.journals[self]), blocks: (this.commits[self] as Commit[]).length };
  }

  /** Puts an earlier copy of its disk in place of that of a replica that is down. */
  putBack(self: number, { journal, blocks }: Disk): void {
    if (this.running(self)) throw new Error(`replica ${self} runs`);
    this.journals[self] = new Map(journal);
    (this.commits[self] as Commit[]).length = blocks;
  }

  crash(self: number): void {
    this.engines[self] = null;
    this.timers[self]?.clear();
    this.fuses.delete(self);
  }

  /** Crashes `self` once it has carried out `effects` more effects. */
  crashAfter(self: number, effects: number): void {
    this.fuses.set(self, effects);
  }

  running(self: number): boolean {
    return this.engines[self] !== null;
  }

  engine(self: number): AnyEngine {
    const engine = this.engines[self];
    if (engine === null || engine === undefined) throw new Error(`replica ${self} is down`);
    return engine;
  }

  propose(self: number, name: string): void {
    this.step(self, { kind: 'propose', request: utf8(name) });
  }

  deliver(from: number, to: number, bytes: Uint8Array): void {
    this.step(to, { kind: 'message', from, bytes });
  }

  /** Runs until nothing is left, `forMs` have passed or `until` holds. @returns whether it holds */
  run(forMs: number, until: () => boolean = () => false): boolean {
    const end = this.nowMs + forMs;
    while (!until()) {
      const next = this.queue[0];
      if (next === undefined || next.at > end) {
        this.nowMs = end;
        return until();
      }
      this.queue.shift();
      this.nowMs = next.at;
      next.run();
    }
    return true;
  }

  /** Whether every running replica has committed all of these requests. */
  has(...names: readonly string[]): boolean {
    return this.engines.every((engine, self) => engine === null || names.every((name) => this.times(self, name) > 0));
  }

  /** How often `self` has committed a request. */
  times(self: number, name: string): number {
    const request = toHex(utf8(name));
    const all = (this.commits[self] ?? []).flatMap(({ payload }) => requestsOf(payload));
    return all.filter((one) => one === request).length;
  }

  private step(self: number, event: Stampless<EngineEvent>): void {
    const engine = this.engines[self];
    if (engine === null || engine === undefined) return;
    const effects = engine.step({ ...event, nowMs: START_MS + this.nowMs } as EngineEvent);
    for (const effect of effects) {
      const left = this.fuses.get(self);
      if (left === 0) this.crash(self);
      else if (left !== undefined) this.fuses.set(self, left - 1);
      if (this.engines[self] !== engine) return;
      this.carryOut(self, effect);
    }
  }

  private carryOut(self: number, effect: RaftEffect | ProbftEffect): void {
    switch (effect.kind) {
      case 'persist':
        if (effect.value === null) this.journals[self]?.delete(effect.key);
        else this.journals[self]?.set(effect.key, effect.value.slice());
        this.onPersisted(self);
        break;
      case 'send':
        for (let to = 0; to < this.n; to++) {
          if (to !== self && (effect.to === 'all' || effect.to === to)) this.post(self, to, effect.bytes.slice());
        }
        break;
      case 'setTimer':
        this.setTimer(self, effect.id, effect.delayMs);
        break;
      case 'cancelTimer':
        this.timers[self]?.delete(effect.id);
        break;
      case 'commit':
        this.committed(self, effect.commit);
        this.later(0, () => this.execute(self, effect.commit.height, 'executed'));
        break;
      case 'behind':
        this.later(5, () => this.catchUp(self, effect.from));
        break;
      case 'evidence':
        this.evidence.push(effect.evidence);
        break;
      case 'refused':
        this.refusals.set(effect.reason, (this.refusals.get(effect.reason) ?? 0) + 1);
        break;
      default:
    }
  }

  private setTimer(self: number, id: string, delayMs: number): void {
    const ticket = ++this.order;
    this.timers[self]?.set(id, ticket);
    this.later(delayMs, () => {
      if (this.timers[self]?.get(id) !== ticket) return;
      this.timers[self]?.delete(id);
      this.step(self, { kind: 'timer', id });
    });
  }

  private post(from: number, to: number, bytes: Uint8Array): void {
    const sent = { from, to, bytes };
    this.sent.push(sent);
    this.later(0, () => this.onSent(sent));
    const copies = this.random.unit() < this.faults.duplication ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      if (this.random.unit() < this.faults.loss) continue;
      this.later(1 + this.random.below(this.faults.maxDelayMs), () => this.deliver(from, to, bytes));
    }
  }

  private committed(self: number, commit: Commit): void {
    const own = this.commits[self] as Commit[];
    const { height, payload, finality } = commit;
    if (height !== own.length + 1) throw new Error(`replica ${self} commits ${height} after ${own.length}`);
    if (finality !== this.protocol.finality) throw new Error(`a commit is ${finality}, not ${this.protocol.finality}`);
    for (const [other, commits] of this.commits.entries()) {
      const theirs = commits[height - 1];
      if (theirs !== undefined && toHex(theirs.payload) !== toHex(payload)) {
        throw new Error(`replicas ${self} and ${other} commit different payloads at ${height}`);
      }
    }
    const verified = this.group.verify?.(commit);
    if (verified?.ok === false) throw new Error(`the certificate of ${height} is refused: ${verified.reason}`);
    own.push(commit);
  }

  private execute(self: number, height: number, kind: 'executed' | 'installed'): void {
    this.step(self, { kind, height, stateDigest: this.state(self, height) });
  }

  /** The state after a height: a chain of hashes. */
  private state(self: number, height: number): Uint8Array {
    const states = this.states[self] as Uint8Array[];
    for (let next = states.length; next <= height; next++) {
      const payload = this.commits[self]?.[next - 1]?.payload as Uint8Array;
      states.push(sha3_256(states[next - 1] as Uint8Array, payload));
    }
    return states[height] as Uint8Array;
  }

  /** Certified blocks of `from`, one after the other, as a host installs them. */
  private catchUp(self: number, from: number): void {
    if (!this.running(self) || !this.running(from)) return;
    const first = this.commits[self]?.length ?? 0;
    for (const commit of (this.commits[from] ?? []).slice(first, first + BLOCKS_AT_ONCE)) {
      if (commit.height !== (this.commits[self]?.length ?? 0) + 1) continue;
      this.committed(self, commit);
      this.execute(self, commit.height, 'installed');
    }
  }

  private later(delayMs: number, run: () => void): void {
    const due = { at: this.nowMs + delayMs, order: ++this.order, run };
    let at = this.queue.length;
    while (at > 0 && (this.queue[at - 1] as typeof due).at > due.at) at--;
    this.queue.splice(at, 0, due);
  }
}

/** Of payloads read before: after every event somebody asks for all of them again. */
const known = new WeakMap<Uint8Array, readonly string[]>();

function requestsOf(payload: Uint8Array): readonly string[] {
  const batch = known.has(payload) ? undefined : decodeBatch(payload);
  if (batch !== undefined) known.set(payload, batch.ok ? batch.value.requests.map(toHex) : []);
  return known.get(payload) as readonly string[];
}

/** An event without the time, which the mesh adds. */
type Stampless<E> = E extends unknown ? Omit<E, 'nowMs'> : never;
