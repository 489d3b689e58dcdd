/** An ordered, durable map. `node` implements it on SQLite; `memoryStore` below serves tests and simulations. */
export interface Store extends AsyncDisposable {
  get(key: string): Promise<Uint8Array | undefined>;
  /** Entries whose key starts with `prefix`, in the byte order of their keys. */
  scan(prefix: string, options?: ScanOptions): Promise<readonly Entry[]>;
  /** All or nothing. Once the promise resolves, power loss forgets none of it. Writes of one tick share one sync. */
  write(changes: readonly Change[]): Promise<void>;
}

export interface Entry {
  readonly key: string;
  readonly value: Uint8Array;
}

/** Puts `value`, or deletes where it is null. */
export interface Change {
  readonly key: string;
  readonly value: Uint8Array | null;
}

export interface ScanOptions {
  /** @default 1000 */
  readonly limit?: number;
  /** Only keys after this one. */
  readonly after?: string;
  /** From the last key down. @default false */
  readonly reverse?: boolean;
}

/** The same contract in memory. */
export function memoryStore(): Store {
  const entries = new Map<string, Uint8Array>();
  return {
    get: async (key) => entries.get(key)?.slice(),
    scan: async (prefix, { limit = 1000, after, reverse = false } = {}) => {
      const keys = [...entries.keys()].filter((key) => key.startsWith(prefix)).sort(byCodeUnit);
      if (reverse) keys.reverse();
      const past = (key: string) => after === undefined || (reverse ? key < after : key > after);
      const wanted = keys.filter(past).slice(0, limit);
      return wanted.map((key) => ({ key, value: (entries.get(key) as Uint8Array).slice() }));
    },
    write: async (changes) => {
      for (const { key, value } of changes) {
        if (value === null) entries.delete(key);
        else entries.set(key, value.slice());
      }
    },
    [Symbol.asyncDispose]: async () => entries.clear(),
  };
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
