/** Things that no step changes: keys, options, the replica set. Copies have them in common, prints leave them out. */
export type Fixed = ReadonlySet<unknown>;

/** Fields whose value is put there whole and never written to, in each of the engines: read messages, most of all. */
const WHOLE: ReadonlySet<string> = new Set(['newView', 'body', 'proofs', 'batch', 'vote', 'prepared', 'proposal']);

/** @returns a copy that shares only what is fixed, functions and byte strings, which nothing here writes to */
export function copyOf<T>(value: T, fixed: Fixed): T {
  return copy(value, fixed, new Map()) as T;
}

function copy(value: unknown, fixed: Fixed, seen: Map<unknown, unknown>): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array || fixed.has(value)) return value;
  const known = seen.get(value);
  if (known !== undefined) return known;
  if (value instanceof Map) {
    const twin = new Map<unknown, unknown>();
    seen.set(value, twin);
    for (const [key, one] of value) twin.set(key, copy(one, fixed, seen));
    return twin;
  }
  if (value instanceof Set) {
    const twin = new Set<unknown>(value);
    seen.set(value, twin);
    return twin;
  }
  if (Array.isArray(value)) {
    const twin: unknown[] = new Array(value.length);
    seen.set(value, twin);
    for (let i = 0; i < value.length; i++) if (i in value) twin[i] = copy(value[i], fixed, seen);
    return twin;
  }
  const twin = Object.create(Object.getPrototypeOf(value)) as Record<string, unknown>;
  seen.set(value, twin);
  for (const key in value) {
    const one = (value as Record<string, unknown>)[key];
    twin[key] = WHOLE.has(key) ? one : copy(one, fixed, seen);
  }
  return twin;
}

/** @returns a text that is the same for two states only where nothing in them differs, their order included */
export function printOf(value: unknown, fixed: Fixed): string {
  const parts: string[] = [];
  print(value, fixed, parts);
  return parts.join('');
}

function print(value: unknown, fixed: Fixed, parts: string[]): void {
  if (value instanceof Uint8Array) {
    parts.push('<', Buffer.from(value.buffer, value.byteOffset, value.length).toString('latin1'), '>');
  } else if (typeof value === 'function' || fixed.has(value)) {
    parts.push('!');
  } else if (typeof value !== 'object' || value === null) {
    parts.push(String(value), ';');
  } else if (value instanceof Map || value instanceof Set) {
    parts.push('(');
    for (const entry of value) print(entry, fixed, parts);
    parts.push(')');
  } else {
    parts.push('{');
    for (const key in value) {
      parts.push(key, ':');
      print((value as Record<string, unknown>)[key], fixed, parts);
    }
    parts.push('}');
  }
}
