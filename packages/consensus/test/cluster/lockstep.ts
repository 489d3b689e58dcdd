import { compareBytes } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import type { Commit, Engine, EngineEffect, EngineEvent, EngineRecord, PbftOptions } from '../../src/index.ts';
import { createPbft } from '../../src/index.ts';
import { decodeMessage, encodeMessage, type Message } from '../../src/pbft/messages.ts';
import { createKeys, type Keys } from './keys.ts';

export const NOW_MS = 1_767_225_600_000;

export interface Delivery {
  readonly from: number;
  readonly to: number;
  readonly bytes: Uint8Array;
}

/**
 * Engines that talk through one queue, message by message, without time: for tests of single rules. Effects are
 * carried out at once; each replica has a journal that survives `reboot`.
 */
export class Lockstep {
  readonly n: number;
  readonly keys: Keys;
  readonly engines: Engine[] = [];
  readonly commits: Commit[][] = [];
  readonly evidence: Uint8Array[][] = [];
  readonly refused: string[][] = [];
  readonly stable: number[][] = [];
  readonly behind: number[][] = [];
  /** What each replica saw signed with its own key elsewhere. */
  readonly duplicated: Extract<EngineEffect, { kind: 'duplicated' }>[][] = [];
  readonly journals: Map<string, Uint8Array>[] = [];
  /** Timers that run, by replica: id to delay. */
  readonly timers: Map<string, number>[] = [];
  /** Sent so far, by kind. */
  readonly sent = new Map<string, number>();
  queue: Delivery[] = [];
  /** Messages for which this is false are lost. */
  passes: (delivery: Delivery, message: Message) => boolean = () => true;
  nowMs = NOW_MS;
  /** Whether hosts say at a boot that their records are all there ever were. */
  sure = false;
  private readonly options: PbftOptions;
  private stamps = 0;
  /** By replica and height. */
  private readonly states: Uint8Array[][] = [];
  private readonly down = new Set<number>();
  /** Effects that `self` may still carry out before it crashes. */
  private readonly fuse = new Map<number, number>();

  constructor(n: number, options: PbftOptions = {}, signatures: 'ed25519' | 'hash' = 'ed25519') {
    this.n = n;
    this.options = options;
    this.keys = createKeys(n, signatures);
    for (let self = 0; self < n; self++) {
      this.journals.push(new Map());
      for (const list of [this.evidence, this.refused, this.stable, this.behind, this.duplicated]) list.push([]);
      this.commits.push([]);
      this.boot(self);
    }
    this.drain();
    this.sent.clear();
  }

  private boot(self: number): void {
    const signer = this.keys.signers[self] as Keys['signers'][number];
    this.engines[self] = createPbft(
      { replicaSet: this.keys.set, self, signer, verify: this.keys.verify },
      this.options,
    );
    this.timers[self] = new Map();
    const byKey = (a: EngineRecord, b: EngineRecord) =>
      compareBytes(new TextEncoder().encode(a.key), new TextEncoder().encode(b.key));
    const records = [...(this.journals[self] ?? [])].map(([key, value]) => ({ key, value })).sort(byKey);
    const height = this.commits[self]?.length ?? 0;
    for (let next = this.states[self]?.length ?? 0; next < height; next++) this.apply(self, next + 1);
    const executed = { height, stateDigest: this.apply(self, height) };
    const sure = this.sure ? ({ sure: true } as const) : {};
    this.step(self, { kind: 'start', nowMs: this.nowMs, records, executed, ...sure });
  }

  crash(self: number): void {
    this.down.add(self);
    this.queue = this.queue.filter(({ to }) => to !== self);
  }

  /** Crashes after `effects` more effects. */
  crashAfter(self: number, effects: number): void {
    this.fuse.set(self, effects);
  }

  reboot(self: number): void {
    this.down.delete(self);
    this.fuse.delete(self);
    // A process that starts again starts later.
    this.nowMs += 1;
    this.boot(self);
  }

  /** Comes back with an older copy of its disk: that journal, and the blocks up to `height`. */
  rollBack(self: number, journal: ReadonlyMap<string, Uint8Array>, height: number): void {
    this.crash(self);
    this.journals[self] = new Map(journal);
    this.commits[self]?.splice(height);
    this.states[self]?.splice(height);
    this.reboot(self);
  }

  isDown(self: number): boolean {
    return this.down.has(self);
  }

  propose(self: number, ...request: number[]): void {
    this.step(self, { kind: 'propose', nowMs: this.nowMs, request: Uint8Array.from(request) });
  }

  fire(self: number, id: string): void {
    if (this.timers[self]?.delete(id)) this.step(self, { kind: 'timer', nowMs: this.nowMs, id });
  }

  /** The whole progress timeout of one replica passes. */
  timeOut(self: number): void {
    const view = this.engines[self]?.status.view;
    for (let part = 0; part < 4 && this.engines[self]?.status.view === view; part++) this.fire(self, 'progress');
  }

  fireAll(id: string): void {
    for (let self = 0; self < this.n; self++) this.fire(self, id);
  }

  /** A stamp that nobody has used. */
  stamp(): number {
    return (this.nowMs + 1000) * 1024 + ++this.stamps;
  }

  /** Hands `message` to `to` as if `from` had sent it. */
  inject(from: number, to: number, message: Message | Uint8Array): readonly EngineEffect[] {
    const bytes = message instanceof Uint8Array ? message : encodeMessage(message);
    return this.step(to, { kind: 'message', nowMs: this.nowMs, from, bytes });
  }

  step(self: number, event: EngineEvent): readonly EngineEffect[] {
    if (this.down.has(self)) return [];
    const effects = (this.engines[self] as Engine).step(event);
    for (const effect of effects) this.carryOut(self, effect);
    return effects;
  }

  private carryOut(self: number, effect: EngineEffect): void {
    const left = this.fuse.get(self);
    if (left !== undefined) {
      if (left === 0) this.crash(self);
      this.fuse.set(self, left - 1);
    }
    if (this.down.has(self)) return;
    switch (effect.kind) {
      case 'send':
        for (let to = 0; to < this.n; to++) {
          if (to !== self && (effect.to === 'all' || effect.to === to)) this.post(self, to, effect.bytes);
        }
        break;
      case 'persist':
        if (effect.value === null) this.journals[self]?.delete(effect.key);
        else this.journals[self]?.set(effect.key, effect.value);
        break;
      case 'setTimer':
        this.timers[self]?.set(effect.id, effect.delayMs);
        break;
      case 'cancelTimer':
        this.timers[self]?.delete(effect.id);
        break;
      case 'commit':
        this.commits[self]?.push(effect.commit);
        break;
      case 'evidence':
        this.evidence[self]?.push(effect.evidence);
        break;
      case 'refused':
        this.refused[self]?.push(effect.reason);
        break;
      case 'stableCheckpoint':
        this.stable[self]?.push(effect.height);
        break;
      case 'duplicated':
        this.duplicated[self]?.push(effect);
        break;
      case 'behind':
        this.behind[self]?.push(effect.height);
        break;
      default:
    }
  }

  private post(from: number, to: number, bytes: Uint8Array): void {
    const message = decodeMessage(bytes);
    if (!message.ok) return;
    const { kind } = message.value;
    this.sent.set(kind, (this.sent.get(kind) ?? 0) + 1);
    const delivery = { from, to, bytes };
    if (!this.down.has(to) && this.passes(delivery, message.value)) this.queue.push(delivery);
  }

  /** Delivers everything under way, and executes what is committed. */
  drain(): void {
    for (;;) {
      const next = this.queue.shift();
      if (next === undefined && !this.execute()) return;
      if (next !== undefined) this.inject(next.from, next.to, next.bytes);
    }
  }

  private execute(): boolean {
    for (let self = 0; self < this.n; self++) {
      const height = (this.states[self]?.length ?? 0) + 1;
      if (this.down.has(self) || height > (this.commits[self]?.length ?? 0)) continue;
      this.step(self, { kind: 'executed', nowMs: this.nowMs, height, stateDigest: this.apply(self, height) });
      return true;
    }
    return false;
  }

  /** State of a replica that has executed `height`. */
  stateAt(self: number, height: number): Uint8Array {
    return this.states[self]?.[height - 1] as Uint8Array;
  }

  /** @returns the state after the block at `height`: a hash over all blocks so far */
  private apply(self: number, height: number): Uint8Array {
    if (height === 0) return new Uint8Array(32);
    const states = this.states[self] ?? [];
    this.states[self] = states;
    const payload = this.commits[self]?.[height - 1]?.payload as Uint8Array;
    states[height - 1] ??= sha3_256(states[height - 2] ?? new Uint8Array(32), payload);
    return states[height - 1] as Uint8Array;
  }

  heights(): number[] {
    return this.engines.map(({ status }) => status.height);
  }

  views(): number[] {
    return this.engines.map(({ status }) => status.view);
  }
}
