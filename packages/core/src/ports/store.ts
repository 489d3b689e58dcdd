/** An ordered, durable map. `node` implements it on SQLite; `memoryStore` below serves tests and simulations. */
export interface Store extends AsyncDisposable {
  get(key: string): Promise<Uint8Array | undefined>;
  /** Entries whose key starts with `prefix`, in the order of their keys' UTF-8 bytes. */
  scan(prefix: string, options?: ScanOptions): Promise<readonly Entry[]>;
  /** All or nothing. Once the promise resolves, power loss forgets none of it. Writes of one tick share one sync. */
  write(changes: readonly Change[], options?: WriteOptions): Promise<void>;
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

export interface WriteOptions {
  /**
   * False for what others can give again: power loss may forget it, until a later durable write, which keeps
   * everything before it. A crash of the process alone forgets nothing. @default true
   */
  readonly durable?: boolean;
}

export interface ScanOptions {
  /** @default 1000 */
  readonly limit?: number;
  /** Only keys after this one, in the direction of the scan. */
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
      const keys = [...entries.keys()].filter((key) => key.startsWith(prefix)).sort(byCodePoint);
      if (reverse) keys.reverse();
      const past = (key: string) =>
        after === undefined || (reverse ? byCodePoint(key, after) < 0 : byCodePoint(key, after) > 0);
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

/** The order of UTF-8 bytes. JavaScript's `<` compares UTF-16 units, which sorts U+10000 before U+E000. */
function byCodePoint(a: string, b: string): number {
  let at = 0;
  while (at < a.length && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  if (at === a.length || at === b.length) return a.length - b.length;
  return aboveSurrogates(a.charCodeAt(at)) - aboveSurrogates(b.charCodeAt(at));
}

/** Moves surrogates, which stand for U+10000 and up, behind the other units. */
function aboveSurrogates(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
