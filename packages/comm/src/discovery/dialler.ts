import type { Clock, DeviceId, Log, Random, Result, Timer } from '@murmuration/core';
import type { AddressBook } from './address-book.ts';

export interface DiallerDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly self: DeviceId;
  readonly book: AddressBook;
  isLinked(device: DeviceId): boolean;
  /** No more links are wanted. */
  isFull(): boolean;
  /** Dials and proves identity. */
  dial(address: string): Promise<Result<DeviceId>>;
  /** Of two devices that learn of each other at once, one dials first. */
  dialsFirst(device: DeviceId): boolean;
}

export interface DiallerOptions {
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
}

/** Keeps us linked to every device in the book, and to the bootstrap addresses until they have a name. */
export interface Dialler {
  bootstrap(address: string): void;
  /** The book holds a new record. */
  learned(device: DeviceId): void;
  linked(device: DeviceId): void;
  lost(device: DeviceId): void;
  close(): void;
}

interface Target {
  readonly name: string;
  readonly device: DeviceId | undefined;
  addresses(): readonly string[];
  failures: number;
  timer: Timer | undefined;
  dialling: boolean;
}

/** The side that dials second waits so long for the first. */
const SECOND_DELAY_MS = 1_500;
const MAX_DOUBLINGS = 16;

export function createDialler(deps: DiallerDeps, options: DiallerOptions): Dialler {
  return new BackoffDialler(deps, options);
}

class BackoffDialler implements Dialler {
  private readonly deps: DiallerDeps;
  private readonly options: DiallerOptions;
  private readonly targets = new Map<string, Target>();
  /** Bootstrap addresses where a device has answered: tried after those of its own record. */
  private readonly answeredAt = new Map<DeviceId, Set<string>>();
  private closed = false;

  constructor(deps: DiallerDeps, options: DiallerOptions) {
    this.deps = deps;
    this.options = options;
  }

  bootstrap(address: string): void {
    this.schedule(
      this.target(`address ${address}`, undefined, () => [address]),
      0,
    );
  }

  learned(device: DeviceId): void {
    if (device === this.deps.self || this.deps.isLinked(device)) return;
    const target = this.deviceTarget(device);
    target.failures = 0;
    this.schedule(target, this.deps.dialsFirst(device) ? 0 : this.jittered(SECOND_DELAY_MS));
  }

  linked(device: DeviceId): void {
    const target = this.deviceTarget(device);
    target.failures = 0;
    target.timer?.cancel();
  }

  lost(device: DeviceId): void {
    const target = this.deviceTarget(device);
    if (target.addresses().length > 0) this.schedule(target, this.jittered(this.options.minBackoffMs));
    else this.targets.delete(target.name);
  }

  close(): void {
    this.closed = true;
    for (const target of this.targets.values()) target.timer?.cancel();
    this.targets.clear();
  }

  private deviceTarget(device: DeviceId): Target {
    const addresses = () => {
      const own = this.deps.book.get(device)?.addresses ?? [];
      return [...new Set([...own, ...(this.answeredAt.get(device) ?? [])])];
    };
    return this.target(`device ${device}`, device, addresses);
  }

  private target(name: string, device: DeviceId | undefined, addresses: () => readonly string[]): Target {
    const known = this.targets.get(name);
    if (known !== undefined) return known;
    const target: Target = { name, device, addresses, failures: 0, timer: undefined, dialling: false };
    this.targets.set(name, target);
    return target;
  }

  private schedule(target: Target, delayMs: number): void {
    if (this.closed) return;
    target.timer?.cancel();
    target.timer = this.deps.clock.setTimer(delayMs, () => void this.attempt(target));
  }

  private async attempt(target: Target): Promise<void> {
    if (this.closed || target.dialling || this.isDone(target)) return;
    if (this.deps.isFull()) {
      this.schedule(target, this.options.maxBackoffMs);
      return;
    }
    target.dialling = true;
    const reason = await this.dialAny(target);
    target.dialling = false;
    if (this.closed || reason === undefined || this.isDone(target)) return;
    target.failures += 1;
    this.deps.log.debug('comm.dial-failed', { target: target.name, reason, failures: target.failures });
    this.schedule(target, this.backoffMs(target.failures));
  }

  /** @returns why none answered, or undefined where one did or it is our own address */
  private async dialAny(target: Target): Promise<string | undefined> {
    let reason = 'no-address';
    for (const address of target.addresses()) {
      const dialled = await this.deps.dial(address);
      if (this.closed) return undefined;
      if (dialled.ok || dialled.reason === 'self') {
        if (target.device === undefined) this.named(target, address, dialled.ok ? dialled.value : undefined);
        return undefined;
      }
      reason = dialled.reason;
    }
    return reason;
  }

  /** A bootstrap address has a name now; from here on its device is the target. */
  private named(target: Target, address: string, device: DeviceId | undefined): void {
    this.targets.delete(target.name);
    if (device === undefined) return;
    const addresses = this.answeredAt.get(device) ?? new Set();
    this.answeredAt.set(device, addresses.add(address));
    if (!this.deps.isLinked(device)) this.lost(device);
  }

  private isDone(target: Target): boolean {
    return target.device !== undefined && this.deps.isLinked(target.device);
  }

  private backoffMs(failures: number): number {
    const doubled = this.options.minBackoffMs * 2 ** Math.min(failures - 1, MAX_DOUBLINGS);
    return this.jittered(Math.min(doubled, this.options.maxBackoffMs));
  }

  /** Between half of it and all of it, so that a swarm that fell together does not dial together. */
  private jittered(delayMs: number): number {
    return Math.ceil(delayMs * (0.5 + 0.5 * this.deps.random.unit()));
  }
}
