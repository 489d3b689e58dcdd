import { bytesUpTo, decode, encode, list, struct, type Timer, uint, utf8 } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import type { Process } from '@murmuration/simulator';
import type { Commit, Engine, EngineEffect, EngineEvent, Liar, SendEffect } from '../../src/index.ts';
import type { Keys } from './keys.ts';

/** What a cluster watches of its replicas. */
export interface HostObserver {
  started(self: number, executed: number): void;
  sent(self: number, effect: SendEffect): void;
  heard(self: number, from: number, bytes: Uint8Array): void;
  committed(self: number, commit: Commit): void;
  installed(self: number, height: number, payload: Uint8Array): void;
  evidence(self: number, evidence: Uint8Array): void;
  refused(self: number, reason: string): void;
  diverged(self: number, height: number): void;
  duplicated(self: number, height: number): void;
}

export interface HostDeps {
  readonly keys: Keys;
  readonly self: number;
  readonly process: Process;
  readonly engine: Engine;
  readonly liar: Liar | undefined;
  readonly observer: HostObserver;
  /** Commits that the chain checks before it installs them. */
  readonly verifyCommit: (commit: Omit<Commit, 'finality'>) => boolean;
}

const blockSchema = struct({ height: uint, payload: bytesUpTo(4 * 1024 * 1024), certificate: bytesUpTo(65_536) });
const blocksSchema = list(blockSchema, 64);

/**
 * One replica around one engine, as `node` does it: effects in order, votes durable before they are sent, blocks
 * executed once they are on disk, certified blocks fetched where the engine is behind.
 */
export class ReplicaHost {
  readonly engine: Engine;
  /** What runs on top is given each block once, in order, and again after a restart. */
  onApply: (payload: Uint8Array) => void = () => {};
  private readonly deps: HostDeps;
  private readonly timers = new Map<string, Timer>();
  private readonly outbox: { readonly sends: SendEffect[]; written: boolean }[] = [];
  private readonly events: Stampless<EngineEvent>[] = [];
  private executed = 0;
  private stateDigest: Uint8Array = new Uint8Array(32);

  constructor(deps: HostDeps) {
    this.deps = deps;
    this.engine = deps.engine;
    const { process, keys } = deps;
    const from = (device: string) => keys.set.replicas.findIndex((replica) => replica.device === device);
    process.port.onMessage('pbft', (device, bytes) => {
      const sender = from(device);
      deps.observer.heard(deps.self, sender, bytes);
      this.step({ kind: 'message', from: sender, bytes });
    });
    process.port.onMessage('get', (device, bytes) => this.serve(from(device), Number(new TextDecoder().decode(bytes))));
    process.port.onMessage('blocks', (_, bytes) => this.install(bytes));
  }

  start(): void {
    const { disk } = this.deps.process;
    for (const { value } of disk.scan('block/')) {
      const block = decode(blockSchema, value);
      if (block.ok) this.apply(block.value.payload);
    }
    const records = disk.scan('engine/').map(({ key, value }) => ({ key: key.slice('engine/'.length), value }));
    const executed = { height: this.executed, stateDigest: this.stateDigest };
    this.deps.observer.started(this.deps.self, this.executed);
    this.step({ kind: 'start', records, executed });
  }

  propose(request: Uint8Array): void {
    this.step({ kind: 'propose', request });
  }

  /** One event after the other: what an effect brings about waits until all effects before it are carried out. */
  private step(event: Stampless<EngineEvent>): void {
    this.events.push(event);
    if (this.events.length > 1) return;
    for (let next = this.events[0]; next !== undefined; next = this.events[0]) {
      const nowMs = this.deps.process.clock.nowMs();
      this.carryOut(this.engine.step({ ...next, nowMs } as EngineEvent));
      this.events.shift();
    }
  }

  private carryOut(effects: readonly EngineEffect[]): void {
    let changes: { key: string; value: Uint8Array | null }[] = [];
    let sends: SendEffect[] = [];
    let durable = false;
    const flush = () => {
      this.queue(changes, durable, sends);
      changes = [];
      sends = [];
      durable = false;
    };
    for (const effect of effects) {
      if (effect.kind === 'persist') {
        if (sends.length > 0) flush();
        changes.push({ key: `engine/${effect.key}`, value: effect.value });
        durable ||= effect.lazy !== true;
      } else if (effect.kind === 'send') sends.push(effect);
      else this.local(effect);
    }
    flush();
  }

  /** Sends leave in order, each once everything persisted before it is durable. */
  private queue(
    changes: readonly { key: string; value: Uint8Array | null }[],
    durable: boolean,
    sends: SendEffect[],
  ): void {
    const entry = { sends, written: false };
    this.outbox.push(entry);
    const drain = () => {
      entry.written = true;
      while (this.outbox[0]?.written) for (const effect of this.outbox.shift()?.sends ?? []) this.send(effect);
    };
    if (changes.length === 0) drain();
    else this.deps.process.disk.write(changes, () => this.deps.process.alive() && drain(), { durable });
  }

  private send(effect: SendEffect): void {
    const { keys, self, liar, observer, process } = this.deps;
    const n = keys.set.replicas.length;
    const { height, view } = this.engine.status;
    const context = {
      self,
      n,
      signer: keys.signers[self] as Keys['signers'][number],
      height,
      view,
      replicaSet: keys.set,
    };
    for (const { to, bytes } of liar === undefined ? [effect] : liar.onSend(context, effect)) {
      observer.sent(self, { kind: 'send', to, bytes });
      for (const [replica, { device }] of keys.set.replicas.entries()) {
        if (replica !== self && (to === 'all' || to === replica)) process.port.send(device, 'pbft', bytes);
      }
    }
  }

  private local(effect: Exclude<EngineEffect, { kind: 'send' | 'persist' }>): void {
    const { observer, self, process, keys } = this.deps;
    switch (effect.kind) {
      case 'setTimer':
        this.timers.get(effect.id)?.cancel();
        this.timers.set(
          effect.id,
          process.clock.setTimer(effect.delayMs, () => this.step({ kind: 'timer', id: effect.id })),
        );
        break;
      case 'cancelTimer':
        this.timers.get(effect.id)?.cancel();
        break;
      case 'commit':
        observer.committed(self, effect.commit);
        this.store(effect.commit, () => this.report('executed', effect.commit));
        break;
      case 'evidence':
        observer.evidence(self, effect.evidence);
        break;
      case 'behind': {
        const device = keys.set.replicas[effect.from]?.device;
        if (device !== undefined) process.port.send(device, 'get', utf8(String(this.executed + 1)));
        break;
      }
      case 'refused':
        observer.refused(self, effect.reason);
        break;
      case 'diverged':
        observer.diverged(self, effect.height);
        break;
      case 'duplicated':
        observer.duplicated(self, effect.height);
        break;
      default:
    }
  }

  private store(block: Omit<Commit, 'finality'>, done: () => void): void {
    const { height, payload, certificate } = block;
    const key = `block/${String(height).padStart(16, '0')}`;
    const value = encode(blockSchema, { height, payload, certificate });
    this.deps.process.disk.write([{ key, value }], () => this.deps.process.alive() && done(), { durable: false });
  }

  private report(kind: 'executed' | 'installed', block: Omit<Commit, 'finality'>): void {
    if (block.height !== this.executed + 1) return;
    this.apply(block.payload);
    if (kind === 'installed') this.deps.observer.installed(this.deps.self, block.height, block.payload);
    this.step({ kind, height: this.executed, stateDigest: this.stateDigest });
  }

  private apply(payload: Uint8Array): void {
    this.executed += 1;
    this.stateDigest = sha3_256(this.stateDigest, payload);
    this.onApply(payload);
  }

  private serve(to: number, first: number): void {
    const { disk, port } = this.deps.process;
    const after = disk.scan('block/').slice(first - 1, first + 31);
    const blocks = after.flatMap(({ value }) => {
      const block = decode(blockSchema, value);
      return block.ok ? [block.value] : [];
    });
    const device = this.deps.keys.set.replicas[to]?.device;
    if (device !== undefined) port.send(device, 'blocks', encode(blocksSchema, blocks));
  }

  private install(bytes: Uint8Array): void {
    const blocks = decode(blocksSchema, bytes);
    if (!blocks.ok) return;
    for (const block of blocks.value) {
      if (block.height <= this.executed || !this.deps.verifyCommit(block)) continue;
      this.store(block, () => this.report('installed', block));
    }
  }
}

/** An event without the time, which the host adds. */
type Stampless<E> = E extends unknown ? Omit<E, 'nowMs'> : never;
