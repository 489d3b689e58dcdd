import { type Random, seededRandom, toHex } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { decodeBatch } from '../../src/quorum/batch.ts';
import { createRaft, type RaftDeps } from '../../src/raft/engine.ts';
import type { RaftEffect, RaftEngine, RaftEvent } from '../../src/raft/events.ts';
import type { RaftOptions } from '../../src/raft/options.ts';
import { Properties } from './properties.ts';

export interface Faults {
  readonly loss: number;
  readonly duplication: number;
  readonly maxDelayMs: number;
  /** A step of a member is its last, after some prefix of its effects: chance. */
  readonly crash: number;
  /** A restarted member has forgotten its vote and term: a planted violation. */
  readonly amnesia: boolean;
}

export const CALM: Faults = { loss: 0, duplication: 0, maxDelayMs: 2, crash: 0, amnesia: false };
export const OPTIONS: RaftOptions = { tickMs: 10, electionTicks: 10, maxInflight: 8, window: 8 };

/** What runs on top of the members. */
export interface Service {
  applied(i: number, request: Uint8Array): void;
  snapshot(i: number): string;
  installed(i: number, snapshot: string): void;
  /** The member's state answers the read now. */
  readable(i: number, id: number): void;
  readRefused(i: number, id: number): void;
}

interface Due {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

export interface Member {
  engine: RaftEngine | null;
  boots: number;
  readonly store: Map<string, Uint8Array>;
  readonly timers: Map<string, number>;
  /** What the host has applied, by height; a snapshot stands for all up to it. */
  applied: { height: number; state: string };
  readonly requests: Set<string>;
  readonly refusals: Map<string, number>;
  /** Reads that wait until so much is applied. */
  readonly reads: Map<number, number>;
  sent: number;
}

/** A cluster on one event queue, from one seed; the five properties are checked after every step. */
export class Cluster {
  readonly members: Member[];
  readonly properties: Properties;
  readonly random: Random;
  readonly answers = new Map<number, { height: number } | { refused: string }>();
  faults: Faults;
  nowMs = 0;
  /** Whether a link carries nothing. */
  cut: (from: number, to: number) => boolean = () => false;
  onPost: (from: number, to: number, bytes: Uint8Array) => void = () => {};
  private readonly deps: Omit<RaftDeps, 'self' | 'random'>;
  private readonly options: RaftOptions;
  private readonly service: Service | undefined;
  private queue: Due[] = [];
  private order = 0;

  constructor(
    size: number,
    seed: number | string,
    settings: { faults?: Faults; options?: RaftOptions; voters?: number[]; service?: Service } = {},
  ) {
    this.random = seededRandom(`raft ${seed}`);
    this.faults = settings.faults ?? CALM;
    this.options = { ...OPTIONS, ...settings.options };
    this.deps = settings.voters === undefined ? { size } : { size, voters: settings.voters };
    this.service = settings.service;
    this.properties = new Properties(size);
    this.members = Array.from({ length: size }, () => ({
      engine: null,
      boots: 0,
      store: new Map(),
      timers: new Map(),
      applied: { height: 0, state: '' },
      requests: new Set(),
      refusals: new Map(),
      reads: new Map(),
      sent: 0,
    }));
    for (let i = 0; i < size; i++) this.boot(i);
  }

  at(i: number): Member {
    return this.members[i] as Member;
  }

  boot(i: number): void {
    const member = this.at(i);
    if (member.engine !== null) return;
    member.boots += 1;
    if (this.faults.amnesia) member.store.delete('hard');
    const random = this.random.fork(`member ${i} boot ${member.boots}`);
    member.engine = createRaft({ ...this.deps, self: i, random }, this.options);
    const records = [...member.store].map(([key, value]) => ({ key, value }));
    const executed = { height: member.applied.height, stateDigest: new Uint8Array(32) };
    this.step(i, { kind: 'start', nowMs: this.nowMs, records, executed });
  }

  crash(i: number): void {
    const member = this.at(i);
    member.engine = null;
    member.timers.clear();
    member.reads.clear();
    this.properties.crashed(i);
  }

  step(i: number, event: RaftEvent): void {
    const member = this.at(i);
    if (member.engine === null) return;
    const effects = member.engine.step(event);
    const crashes = this.faults.crash > 0 && event.kind !== 'start' && this.random.unit() < this.faults.crash;
    const last = crashes ? this.random.below(effects.length + 1) : effects.length;
    for (const effect of effects.slice(0, last)) this.carryOut(i, member, effect);
    if (crashes) {
      this.crash(i);
      this.later(20 + this.random.below(400), () => this.boot(i));
    } else this.properties.check(i, member.engine);
  }

  private carryOut(i: number, member: Member, effect: RaftEffect): void {
    switch (effect.kind) {
      case 'persist':
        if (effect.value === null) member.store.delete(effect.key);
        else member.store.set(effect.key, effect.value.slice());
        break;
      case 'send':
        member.sent += 1;
        this.post(i, effect.to as number, effect.bytes);
        break;
      case 'setTimer':
        this.setTimer(i, effect.id, effect.delayMs);
        break;
      case 'commit':
        this.apply(i, member, effect.commit.height, effect.commit.payload);
        break;
      case 'install': {
        this.install(i, member, effect.height, effect.snapshot);
        break;
      }
      case 'readable':
        this.answers.set(effect.id, { height: effect.height });
        member.reads.set(effect.id, effect.height);
        this.answerReads(i, member);
        break;
      case 'readRefused':
        this.answers.set(effect.id, { refused: effect.reason });
        this.service?.readRefused(i, effect.id);
        break;
      case 'refused':
        member.refusals.set(effect.reason, (member.refusals.get(effect.reason) ?? 0) + 1);
        break;
      default:
        throw new Error(`unexpected effect ${effect.kind}`);
    }
  }

  private apply(i: number, member: Member, height: number, payload: Uint8Array): void {
    if (height !== member.applied.height + 1) throw new Error(`a gap: ${height} after ${member.applied.height}`);
    const state = toHex(sha3_256(new TextEncoder().encode(member.applied.state), payload)).slice(0, 16);
    member.applied = { height, state };
    const batch = decodeBatch(payload);
    if (!batch.ok) throw new Error('a committed payload is a batch');
    for (const request of batch.value.requests) {
      member.requests.add(toHex(request));
      this.service?.applied(i, request);
    }
    this.properties.applied(i, height, state, member.engine);
    this.answerReads(i, member);
  }

  private install(i: number, member: Member, height: number, snapshot: Uint8Array): void {
    const [state, requests, above] = JSON.parse(new TextDecoder().decode(snapshot)) as [string, string[], string];
    member.applied = { height, state };
    for (const request of requests) member.requests.add(request);
    this.properties.installed(i, height, state);
    this.service?.installed(i, above);
    this.answerReads(i, member);
  }

  private answerReads(i: number, member: Member): void {
    for (const [id, height] of member.reads) {
      if (height > member.applied.height) continue;
      member.reads.delete(id);
      this.service?.readable(i, id);
    }
  }

  /** The host's own snapshot of what it has applied. */
  compact(i: number): void {
    const { applied, requests } = this.at(i);
    const snapshot = new TextEncoder().encode(
      JSON.stringify([applied.state, [...requests], this.service?.snapshot(i) ?? '']),
    );
    this.step(i, { kind: 'compact', nowMs: this.nowMs, height: applied.height, snapshot });
  }

  propose(i: number, request: string): void {
    this.step(i, { kind: 'propose', nowMs: this.nowMs, request: new TextEncoder().encode(request) });
  }

  private post(from: number, to: number, bytes: Uint8Array): void {
    this.onPost(from, to, bytes);
    const { loss, duplication, maxDelayMs } = this.faults;
    const copies = this.random.unit() < duplication ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      if (this.random.unit() < loss) continue;
      this.later(1 + this.random.below(maxDelayMs), () => {
        if (!this.cut(from, to)) this.step(to, { kind: 'message', nowMs: this.nowMs, from, bytes });
      });
    }
  }

  private setTimer(i: number, id: string, delayMs: number): void {
    const ticket = ++this.order;
    const { timers } = this.at(i);
    timers.set(id, ticket);
    this.later(delayMs, () => {
      if (timers.get(id) !== ticket) return;
      timers.delete(id);
      this.step(i, { kind: 'timer', nowMs: this.nowMs, id });
    });
  }

  later(delayMs: number, run: () => void): void {
    const due = { at: this.nowMs + delayMs, order: ++this.order, run };
    let low = 0;
    let high = this.queue.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.queue[middle] as Due).at <= due.at) low = middle + 1;
      else high = middle;
    }
    this.queue.splice(low, 0, due);
  }

  /** Runs for so long, or until something holds. @returns whether it holds */
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

  leader(): number | undefined {
    const leaders = this.members.flatMap((member, i) => (member.engine?.status.role === 'leader' ? [i] : []));
    const term = (i: number) => this.at(i).engine?.status.term ?? -1;
    return leaders.sort((a, b) => term(b) - term(a))[0];
  }

  /** Runs until a leader has committed in its term. */
  elect(): number {
    const found = this.run(5_000, () => {
      const leader = this.leader();
      const engine = leader === undefined ? null : this.at(leader).engine;
      return engine !== null && engine.log.termAt(engine.status.commit) === engine.status.term;
    });
    if (!found) throw new Error('no leader within 5 s');
    return this.leader() as number;
  }

  heal(): void {
    this.faults = CALM;
    this.cut = () => false;
    for (let i = 0; i < this.members.length; i++) this.boot(i);
  }
}
