import { type Change, MurmurError, memoryStore, type Random, type Store } from '@murmuration/core';
import { between, type Schedule } from './schedule.ts';

interface PendingWrite {
  readonly changes: readonly Change[];
  readonly done: () => void;
}

/** A disk outlives the processes that write to it. */
export interface Disk {
  /** A store for one process over what is on the disk. */
  open(alive: () => boolean): Store;
  /** Power is lost: of the writes under way the first few may have reached the disk, in order; the rest are gone. */
  crash(): void;
}

export function createDisk(schedule: Schedule, name: string, random: Random): Disk {
  const durable = memoryStore();
  let pending: PendingWrite[] = [];

  async function flush(count: number): Promise<void> {
    const writes = pending.splice(0, count);
    for (const { changes } of writes) void durable.write(changes);
    for (const { done } of writes) done();
  }

  function write(changes: readonly Change[]): Promise<void> {
    const copied = changes.map(({ key, value }) => ({ key, value: value === null ? null : value.slice() }));
    return new Promise((done) => {
      pending.push({ changes: copied, done });
      // One sync carries all writes that wait for it.
      if (pending.length > 1) return;
      schedule.after(between(random, 0, schedule.faults.maxSyncMs), `sync ${name}`, () => void flush(pending.length));
    });
  }

  function open(alive: () => boolean): Store {
    let closed = false;
    const whileOpen = <T>(operation: () => Promise<T>): Promise<T> => {
      if (!alive()) return new Promise<T>(() => {});
      return closed ? Promise.reject(closedStore(name)) : operation();
    };
    return {
      get: (key) => whileOpen(() => durable.get(key)),
      scan: (prefix, options) => whileOpen(() => durable.scan(prefix, options)),
      write: (changes) => whileOpen(() => write(changes)),
      [Symbol.asyncDispose]: async () => {
        if (!closed && pending.length > 0) await write([]);
        closed = true;
      },
    };
  }

  return {
    open,
    crash() {
      const kept = pending.slice(0, random.below(pending.length + 1));
      pending = [];
      for (const { changes } of kept) void durable.write(changes);
    },
  };
}

function closedStore(name: string): MurmurError {
  return new MurmurError({
    code: 'SIMULATION_STORE_CLOSED',
    message: `the store of ${name} is used after it was closed`,
    remedy: 'close a store last, after everything that writes to it',
  });
}
