import {
  type Change,
  compareBytes,
  type Entry,
  MurmurError,
  type Random,
  type ScanOptions,
  type Store,
  utf8,
  type WriteOptions,
} from '@murmuration/core';
import { copyOf } from './copy.ts';
import { between, type Schedule } from './schedule.ts';

/** A disk outlives the processes that write to it. */
export interface Disk {
  /** What one process sees of it. */
  open(alive: () => boolean): { readonly store: Store; readonly disk: CallbackStore };
  /** Power is lost: of the writes not synced yet the first few may have reached the disk, in order; the rest are gone. */
  crash(): void;
}

/** A `Store` without promises: for worlds that run none. */
export interface CallbackStore {
  /** Everything written whose key starts with `prefix`, in the byte order of the keys. */
  scan(prefix: string): readonly Entry[];
  /** Calls `done` once all of it is durable, or at once where it need not be; writes that wait share one sync. */
  write(changes: readonly Change[], done: () => void, options?: WriteOptions): void;
}

interface Write {
  readonly changes: readonly Change[];
  readonly done: () => void;
}

export function createDisk(schedule: Schedule, name: string, random: Random): Disk {
  /** What survives a loss of power. */
  const durable = new Map<string, Uint8Array>();
  /** What processes read. */
  let visible = new Map<string, Uint8Array>();
  /** Written, visible, not durable yet. */
  let unsynced: Write[] = [];
  /** Waiting for the sync under way. */
  let waiting: Write[] = [];

  function sync(): void {
    const writes = waiting;
    waiting = [];
    for (const write of [...unsynced, ...writes]) apply(durable, write);
    for (const write of writes) apply(visible, write);
    unsynced = [];
    for (const { done } of writes) done();
  }

  function write(changes: readonly Change[], done: () => void, { durable: mustSync = true }: WriteOptions = {}): void {
    const copied = changes.map(({ key, value }) => ({ key, value: value === null ? null : copyOf(value) }));
    if (!mustSync && waiting.length === 0) {
      unsynced.push({ changes: copied, done });
      apply(visible, { changes: copied });
      done();
      return;
    }
    waiting.push({ changes: copied, done });
    if (waiting.length > 1) return;
    schedule.after(between(random, 0, schedule.faults.maxSyncMs), `sync ${name}`, sync);
  }

  function open(alive: () => boolean): { store: Store; disk: CallbackStore } {
    let closed = false;
    const whileOpen = <T>(operation: () => Promise<T>): Promise<T> => {
      if (!alive()) return new Promise<T>(() => {});
      return closed ? Promise.reject(closedStore(name)) : operation();
    };
    const written = (changes: readonly Change[], options?: WriteOptions) =>
      new Promise<void>((done) => write(changes, done, options));
    const store: Store = {
      get: (key) => whileOpen(async () => visible.get(key)?.slice()),
      scan: (prefix, options) => whileOpen(async () => scan(visible, prefix, options)),
      write: (changes, options) => whileOpen(() => written(changes, options)),
      [Symbol.asyncDispose]: async () => {
        if (!closed && waiting.length + unsynced.length > 0) await written([]);
        closed = true;
      },
    };
    const disk: CallbackStore = {
      scan: (prefix) => scan(visible, prefix, { limit: Number.POSITIVE_INFINITY }),
      write: (changes, done, options) => {
        if (alive()) write(changes, done, options);
      },
    };
    return { store, disk };
  }

  return {
    open,
    crash() {
      const lost = [...unsynced, ...waiting];
      for (const kept of lost.slice(0, random.below(lost.length + 1))) apply(durable, kept);
      visible = new Map(durable);
      unsynced = [];
      waiting = [];
    },
  };
}

function apply(entries: Map<string, Uint8Array>, { changes }: Pick<Write, 'changes'>): void {
  for (const { key, value } of changes) {
    if (value === null) entries.delete(key);
    else entries.set(key, value);
  }
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
