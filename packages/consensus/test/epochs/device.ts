import { bytesUpTo, type DeviceId, decode, encode, list, struct, type Timer, uint, utf8 } from '@murmuration/core';
import type { Process } from '@murmuration/simulator';
import type { Commit, EngineRecord, Epochs, EpochsEffect, EpochsEvent, ReplicaSet } from '../../src/index.ts';
import type { EpochSpan } from './machine.ts';

/** A replicated state machine whose replicas change. */
export interface ChangingMachine {
  readonly height: number;
  readonly digest: Uint8Array;
  /** Of the next height. */
  readonly current: EpochSpan;
  readonly pending: { readonly next: ReplicaSet; readonly lastHeight: number } | null;
  spanOf(height: number): EpochSpan;
  /** @returns the change that this block decided, if any */
  apply(payload: Uint8Array): ChangingMachine['pending'];
}

export interface DeviceObserver {
  started(device: DeviceId, executed: number): void;
  sent(device: DeviceId, bytes: Uint8Array): void;
  committed(device: DeviceId, epoch: number, commit: Commit): void;
  installed(device: DeviceId, block: Omit<Commit, 'finality'>): void;
  evidence(epoch: number, evidence: Uint8Array): void;
  refused(reason: string): void;
  diverged(device: DeviceId, height: number): void;
  certified(block: Omit<Commit, 'finality'>, span: EpochSpan): boolean;
}

export interface DeviceDeps {
  readonly device: DeviceId;
  readonly process: Process;
  readonly machine: ChangingMachine;
  readonly makeEpochs: (machine: ChangingMachine) => Epochs;
  readonly observer: DeviceObserver;
  /** Everybody that there is, for followers to ask. */
  readonly everybody: readonly DeviceId[];
}

type Block = Omit<Commit, 'finality'>;
const blockSchema = struct({ height: uint, payload: bytesUpTo(4 * 1024 * 1024), certificate: bytesUpTo(65_536) });
const blocksSchema = list(blockSchema, 64);
const FOLLOW_MS = 400;

/** A device around its epochs, as `node` is: effects in order, votes durable before they leave, blocks then executed. */
export class Device {
  readonly epochs: Epochs;
  readonly machine: ChangingMachine;
  private readonly deps: DeviceDeps;
  private readonly timers = new Map<string, Timer>();
  private readonly outbox: { readonly sends: (() => void)[]; written: boolean }[] = [];
  private readonly events: Stampless<EpochsEvent>[] = [];

  constructor(deps: DeviceDeps) {
    this.deps = deps;
    this.machine = deps.machine;
    const { port, disk } = deps.process;
    for (const { value } of disk.scan('block/')) {
      const block = decode(blockSchema, value);
      if (block.ok) this.machine.apply(block.value.payload);
    }
    this.epochs = deps.makeEpochs(this.machine);
    port.onMessage('epochs', (from, bytes) => this.step({ kind: 'message', from, bytes }));
    port.onMessage('get', (from, bytes) => this.serve(from, Number(new TextDecoder().decode(bytes))));
    port.onMessage('blocks', (_, bytes) => this.install(bytes));
  }

  start(): void {
    const { disk } = this.deps.process;
    const records: EngineRecord[] = disk
      .scan('engine/')
      .map(({ key, value }) => ({ key: key.slice('engine/'.length), value }));
    this.deps.observer.started(this.deps.device, this.machine.height);
    this.step({ kind: 'start', records, executed: this.executed() });
    if (this.machine.pending !== null) this.step({ kind: 'reconfigure', ...this.machine.pending });
    this.follow();
  }

  propose(request: Uint8Array): void {
    this.step({ kind: 'propose', request });
  }

  private executed() {
    return { height: this.machine.height, stateDigest: this.machine.digest };
  }

  /** A device that does not vote asks around for blocks. */
  private follow(): void {
    const { process, everybody, device } = this.deps;
    process.clock.setTimer(FOLLOW_MS, () => {
      const others = everybody.filter((one) => one !== device);
      const one = others[process.random.below(others.length)] as DeviceId;
      if (this.epochs.status.self === null) this.ask(one);
      this.follow();
    });
  }

  private ask(one: DeviceId): void {
    this.deps.process.port.send(one, 'get', utf8(String(this.machine.height + 1)));
  }

  private step(event: Stampless<EpochsEvent>): void {
    this.events.push(event);
    if (this.events.length > 1) return;
    for (let next = this.events[0]; next !== undefined; next = this.events[0]) {
      const nowMs = this.deps.process.clock.nowMs();
      this.carryOut(this.epochs.step({ ...next, nowMs } as EpochsEvent));
      this.events.shift();
    }
  }

  private carryOut(effects: readonly EpochsEffect[]): void {
    let changes: { key: string; value: Uint8Array | null }[] = [];
    let sends: (() => void)[] = [];
    let durable = false;
    const flush = () => {
      this.queue(changes, durable, sends);
      [changes, sends, durable] = [[], [], false];
    };
    for (const effect of effects) {
      if (effect.kind === 'persist') {
        if (sends.length > 0) flush();
        changes.push({ key: `engine/${effect.key}`, value: effect.value });
        durable ||= effect.lazy !== true;
      } else if (effect.kind === 'send') sends.push(() => this.send(effect.to, effect.bytes));
      else this.local(effect);
    }
    flush();
  }

  private queue(
    changes: readonly { key: string; value: Uint8Array | null }[],
    durable: boolean,
    sends: (() => void)[],
  ): void {
    const entry = { sends, written: false };
    this.outbox.push(entry);
    const drain = () => {
      entry.written = true;
      while (this.outbox[0]?.written) for (const send of this.outbox.shift()?.sends ?? []) send();
    };
    if (changes.length === 0) drain();
    else this.deps.process.disk.write(changes, () => this.deps.process.alive() && drain(), { durable });
  }

  private send(to: readonly DeviceId[], bytes: Uint8Array): void {
    this.deps.observer.sent(this.deps.device, bytes);
    for (const device of to) this.deps.process.port.send(device, 'epochs', bytes);
  }

  private local(effect: Exclude<EpochsEffect, { kind: 'send' | 'persist' }>): void {
    const { observer, process, device } = this.deps;
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
        observer.committed(device, effect.epoch, effect.commit);
        this.store(effect.commit, () => this.execute('executed', effect.commit));
        break;
      case 'evidence':
        observer.evidence(effect.epoch, effect.evidence);
        break;
      case 'behind':
        this.ask(effect.from);
        break;
      case 'refused':
        observer.refused(effect.reason);
        break;
      case 'diverged':
        observer.diverged(device, effect.height);
        break;
      default:
    }
  }

  private store({ height, payload, certificate }: Block, done: () => void): void {
    const key = `block/${String(height).padStart(16, '0')}`;
    const value = encode(blockSchema, { height, payload, certificate });
    this.deps.process.disk.write([{ key, value }], () => this.deps.process.alive() && done(), { durable: false });
  }

  /** The change first that a block decides, then that it is executed. */
  private execute(kind: 'executed' | 'installed', block: Block): void {
    if (block.height !== this.machine.height + 1) return;
    const change = this.machine.apply(block.payload);
    if (kind === 'installed') this.deps.observer.installed(this.deps.device, block);
    if (change !== null) this.step({ kind: 'reconfigure', ...change });
    this.step({ kind, ...this.executed() });
  }

  private serve(to: DeviceId, first: number): void {
    const { disk, port } = this.deps.process;
    const blocks = disk.scan('block/').slice(first - 1, first + 31);
    const read = blocks.flatMap(({ value }) => {
      const block = decode(blockSchema, value);
      return block.ok ? [block.value] : [];
    });
    port.send(to, 'blocks', encode(blocksSchema, read));
  }

  private install(bytes: Uint8Array): void {
    const blocks = decode(blocksSchema, bytes);
    if (!blocks.ok) return;
    for (const block of blocks.value) {
      if (block.height <= this.machine.height) continue;
      this.store(block, () => {
        if (block.height !== this.machine.height + 1) return;
        if (this.deps.observer.certified(block, this.machine.spanOf(block.height))) this.execute('installed', block);
      });
    }
  }
}

/** An event without the time, which the device adds. */
type Stampless<E> = E extends unknown ? Omit<E, 'nowMs'> : never;
