import {
  type Change,
  compareBytes,
  type Entry,
  MurmurError,
  type Random,
  type ScanOptions,
  type Store,
  utf8,
} from '@murmuration/core';
import { between, type Schedule } from './schedule.ts';

interface PendingWrite {
  readonly changes: readonly Change[];
  readonly done: () => void;
}

/** A disk outlives the processes that write to it. */
export interface Disk {
  /** What one process sees of it. */
  open(alive: () => boolean): { readonly store: Store; readonly disk: CallbackStore };
  /** Power is lost: of the writes under way the first few may have reached the disk, in order; the rest are gone. */
  crash(): void;
}

/** A `Store` without promises: for worlds that run none. */
export interface CallbackStore {
  /** Everything durable whose key starts with `prefix`, in the byte order of the keys. */
  scan(prefix: string): readonly Entry[];
  /** Calls `done` once all of it is durable; writes that wait together share one sync. */
  write(changes: readonly Change[], done: () => void): void;
}

export function createDisk(schedule: Schedule, name: string, random: Random): Disk {
  const durable = new Map<string, Uint8Array>();
  let pending: PendingWrite[] = [];

  function apply({ changes }: PendingWrite): void {
    for (const { key, value } of changes) {
      if (value === null) durable.delete(key);
      else durable.set(key, value);
    }
  }

  function sync(): void {
    const writes = pending;
    pending = [];
    for (const write of writes) apply(write);
    for (const { done } of writes) done();
  }

  function write(changes: readonly Change[], done: () => void): void {
    const copied = changes.map(({ key, value }) => ({ key, value: value === null ? null : value.slice() }));
    pending.push({ changes: copied, done });
    if (pending.length > 1) return;
    schedule.after(between(random, 0, schedule.faults.maxSyncMs), `sync ${name}`, sync);
  }

  function open(alive: () => boolean): { store: Store; disk: CallbackStore } {
    let closed = false;
    const whileOpen = <T>(operation: () => Promise<T>): Promise<T> => {
      if (!alive()) return new Promise<T>(() => {});
      return closed ? Promise.reject(closedStore(name)) : operation();
    };
    const written = (changes: readonly Change[]) => new Promise<void>((done) => write(changes, done));
    const store: Store = {
      get: (key) => whileOpen(async () => durable.get(key)?.slice()),
      scan: (prefix, options) => whileOpen(async () => scan(durable, prefix, options)),
      write: (changes) => whileOpen(() => written(changes)),
      [Symbol.asyncDispose]: async () => {
        if (!closed && pending.length > 0) await written([]);
        closed = true;
      },
    };
    const disk: CallbackStore = {
      scan: (prefix) => scan(durable, prefix, { limit: Number.POSITIVE_INFINITY }),
      write: (changes, done) => {
        if (alive()) write(changes, done);
      },
    };
    return { store, disk };
  }

  return {
    open,
    crash() {
      const kept = pending.slice(0, random.below(pending.length + 1));
      pending = [];
      for (const one of kept) apply(one);
    },
  };
}

function scan(entries: ReadonlyMap<string, Uint8Array>, prefix: string, options: ScanOptions = {}): Entry[] {
  const { limit = 1000, after, reverse = false } = options;
  const direction = reverse ? -1 : 1;
  const order = (a: string, b: string) => direction * compareBytes(utf8(a), utf8(b));
  return [...entries.keys()]
    .filter((key) => key.startsWith(prefix) && (after === undefined || order(key, after) > 0))
    .sort(order)
    .slice(0, limit)
    .map((key) => ({ key, value: (entries.get(key) as Uint8Array).slice() }));
}

function closedStore(name: string): MurmurError {
  return new MurmurError({
    code: 'SIMULATION_STORE_CLOSED',
    message: `the store of ${name} is used after it was closed`,
    remedy: 'close a store last, after everything that writes to it',
  });
}
