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
  /**
   * Power is lost: of the writes not synced yet the first few may have reached the disk, in order, and part of one
   * more; the rest are gone.
   */
  crash(): void;
  /** One bit of one durable record flips. @returns its key, undefined where there is none */
  rot(prefix: string): string | undefined;
}

/** A `Store` without promises: for worlds that run none. */
export interface CallbackStore {
  /** Everything written whose key starts with `prefix`, in the byte order of the keys. */
  scan(prefix: string): readonly Entry[];
  /** Calls `done` once all of it is durable, or at once where it need not be; writes that wait share one sync. */
  write(changes: readonly Change[], done: () => void, options?: WriteOptions): void;
}

/** A record as it lies on the disk. */
interface Cell {
  readonly value: Uint8Array;
  /** Over key and value, as they were written. */
  readonly checksum: number;
}

type Cells = Map<string, Cell>;

interface Write {
  readonly changes: readonly Change[];
  readonly done: () => void;
}

export function createDisk(schedule: Schedule, name: string, random: Random): Disk {
  /** What survives a loss of power. */
  const durable: Cells = new Map();
  /** What processes read. */
  let visible: Cells = new Map();
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

  /** What a key holds. @throws STORE_DAMAGED where that is not what was written */
  function read(key: string, cell: Cell): Uint8Array {
    if (schedule.faults.checksums && checksumOf(key, cell.value) !== cell.checksum) throw damagedStore(name, key);
    return cell.value.slice();
  }

  function get(key: string): Uint8Array | undefined {
    const cell = visible.get(key);
    return cell === undefined ? undefined : read(key, cell);
  }

  /** A write that was interrupted: checksums tell that it is not whole, so nothing of it counts. */
  function tear({ changes }: Write): void {
    const part = changes.slice(0, 1 + random.below(changes.length));
    const last = part.at(-1);
    if (schedule.faults.checksums || last === undefined) return;
    const cut = last.value?.subarray(0, random.below(last.value.length + 1)) ?? null;
    apply(durable, { changes: [...part.slice(0, -1), { key: last.key, value: cut }] });
  }

  function rot(prefix: string): string | undefined {
    const keys = [...durable.keys()].filter((key) => key.startsWith(prefix) && durable.get(key)?.value.length !== 0);
    const key = keys[random.below(Math.max(1, keys.length))];
    if (key === undefined) return undefined;
    const { value, checksum } = durable.get(key) as Cell;
    const rotten = value.slice();
    const at = random.below(rotten.length);
    rotten[at] = (rotten[at] as number) ^ (1 << random.below(8));
    durable.set(key, { value: rotten, checksum });
    if (visible.get(key)?.value === value) visible.set(key, { value: rotten, checksum });
    return key;
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
      get: (key) => whileOpen(async () => get(key)),
      scan: (prefix, options) => whileOpen(async () => scan(visible, read, prefix, options)),
      write: (changes, options) => whileOpen(() => written(changes, options)),
      [Symbol.asyncDispose]: async () => {
        if (!closed && waiting.length + unsynced.length > 0) await written([]);
        closed = true;
      },
    };
    const disk: CallbackStore = {
      scan: (prefix) => scan(visible, read, prefix, { limit: Number.POSITIVE_INFINITY }),
      write: (changes, done, options) => {
        if (alive()) write(changes, done, options);
      },
    };
    return { store, disk };
  }

  return {
    open,
    rot,
    crash() {
      const lost = [...unsynced, ...waiting];
      const whole = random.below(lost.length + 1);
      for (const kept of lost.slice(0, whole)) apply(durable, kept);
      const { tornWrites } = schedule.faults;
      const torn = tornWrites > 0 && random.unit() < tornWrites ? lost[whole] : undefined;
      if (torn !== undefined) tear(torn);
      visible = new Map(durable);
      unsynced = [];
      waiting = [];
    },
  };
}

function apply(entries: Cells, { changes }: Pick<Write, 'changes'>): void {
  for (const { key, value } of changes) {
    if (value === null) entries.delete(key);
    else entries.set(key, { value, checksum: checksumOf(key, value) });
  }
}

function scan(
  entries: ReadonlyMap<string, Cell>,
  read: (key: string, cell: Cell) => Uint8Array,
  prefix: string,
  options: ScanOptions = {},
): Entry[] {
  const { limit = 1000, after, reverse = false } = options;
  const direction = reverse ? -1 : 1;
  const order = (a: string, b: string) => direction * compareBytes(utf8(a), utf8(b));
  return [...entries.keys()]
    .filter((key) => key.startsWith(prefix) && (after === undefined || order(key, after) > 0))
    .sort(order)
    .slice(0, limit)
    .map((key) => ({ key, value: read(key, entries.get(key) as Cell) }));
}

/** FNV-1a: finds every single flipped bit, which is what a simulated disk does to it. */
function checksumOf(key: string, value: Uint8Array): number {
  let h = 0x811c9dc5 ^ key.length;
  for (let i = 0; i < key.length; i++) h = Math.imul(h ^ key.charCodeAt(i), 0x01000193);
  for (let i = 0; i < value.length; i++) h = Math.imul(h ^ (value[i] as number), 0x01000193);
  return h;
}

/** The code of the store of `node`, so that a host treats both alike. */
function damagedStore(name: string, key: string): MurmurError {
  return new MurmurError({
    code: 'STORE_DAMAGED',
    message: `the record "${key}" on the disk of ${name} fails its checksum`,
    remedy: 'do not go on without it: restore the store from a backup, or join again as a new device',
    facts: { key },
  });
}

function closedStore(name: string): MurmurError {
  return new MurmurError({
    code: 'SIMULATION_STORE_CLOSED',
    message: `the store of ${name} is used after it was closed`,
    remedy: 'close a store last, after everything that writes to it',
  });
}
