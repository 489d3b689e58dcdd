import { type DeviceId, parseDeviceId } from '../ids/device-id.ts';

/**
 * The shape of a wire value. On the wire an object is a MessagePack array in the order of its fields;
 * only numbers, byte strings, text, booleans, null and arrays exist there, so no map key can surprise.
 */
export interface Schema<T> {
  /** To the plain value that the codec writes. */
  toWire(value: T): unknown;
  /** From what the codec read. @throws Mismatch, caught by `decode` */
  fromWire(wire: unknown, path: string): T;
}

export type Infer<S> = S extends Schema<infer T> ? T : never;

/** Says which field was wrong. Internal to this folder: `decode` turns it into a reason. */
export class Mismatch extends Error {}

function fail(path: string, wanted: string): never {
  throw new Mismatch(`${path}: not ${wanted}`);
}

/** A safe integer in [min, max]. */
export function integer(min: number, max: number = Number.MAX_SAFE_INTEGER): Schema<number> {
  return {
    toWire: (value) => value,
    fromWire: (wire, path) =>
      typeof wire === 'number' && Number.isSafeInteger(wire) && wire >= min && wire <= max && !Object.is(wire, -0)
        ? wire
        : fail(path, `an integer in [${min}, ${max}]`),
  };
}

/** A safe integer ≥ 0. */
export const uint: Schema<number> = integer(0);

/** A finite double. */
export const finite: Schema<number> = {
  toWire: (value) => value,
  fromWire: (wire, path) => (typeof wire === 'number' && Number.isFinite(wire) ? wire : fail(path, 'a finite number')),
};

export const boolean: Schema<boolean> = {
  toWire: (value) => value,
  fromWire: (wire, path) => (typeof wire === 'boolean' ? wire : fail(path, 'true or false')),
};

/** Text of at most `maxChars` UTF-16 units. */
export function text(maxChars: number): Schema<string> {
  return {
    toWire: (value) => value,
    fromWire: (wire, path) =>
      typeof wire === 'string' && wire.length <= maxChars ? wire : fail(path, `text of at most ${maxChars} characters`),
  };
}

/** Exactly `length` bytes. What is read is a copy: it neither pins nor follows the frame that it came in. */
export function bytes(length: number): Schema<Uint8Array> {
  return byteString(length, length);
}

/** Between 0 and `max` bytes. */
export function bytesUpTo(max: number): Schema<Uint8Array> {
  return byteString(0, max);
}

function byteString(min: number, max: number): Schema<Uint8Array> {
  return {
    toWire: (value) => value,
    fromWire: (wire, path) =>
      wire instanceof Uint8Array && wire.length >= min && wire.length <= max
        ? new Uint8Array(wire)
        : fail(path, min === max ? `${min} bytes` : `at most ${max} bytes`),
  };
}

export const deviceId: Schema<DeviceId> = {
  toWire: (value) => value,
  fromWire: (wire, path) => parseDeviceId(wire) ?? fail(path, 'a device id'),
};

/** One of a few words. */
export function oneOf<const Word extends string>(...words: readonly Word[]): Schema<Word> {
  return {
    toWire: (value) => value,
    fromWire: (wire, path) => words.find((word) => word === wire) ?? fail(path, `one of ${words.join(', ')}`),
  };
}

export function optional<T>(inner: Schema<T>): Schema<T | null> {
  return {
    toWire: (value) => (value === null ? null : inner.toWire(value)),
    fromWire: (wire, path) => (wire === null ? null : inner.fromWire(wire, path)),
  };
}

/** At most `maxLength` of them. */
export function list<T>(inner: Schema<T>, maxLength: number): Schema<readonly T[]> {
  return {
    toWire: (values) => values.map((value) => inner.toWire(value)),
    fromWire: (wire, path) =>
      Array.isArray(wire) && wire.length <= maxLength
        ? wire.map((item, i) => inner.fromWire(item, `${path}[${i}]`))
        : fail(path, `a list of at most ${maxLength}`),
  };
}

type Fields = Readonly<Record<string, Schema<never>>>;
type Struct<F> = { readonly [K in keyof F]: F[K] extends Schema<infer T> ? T : never };

/** An object, on the wire an array of its fields in the order written here. */
export function struct<F extends { readonly [K in keyof F]: Schema<unknown> } | Fields>(fields: F): Schema<Struct<F>> {
  const entries = Object.entries(fields) as [string, Schema<unknown>][];
  return {
    toWire: (value) => entries.map(([key, schema]) => schema.toWire((value as Record<string, unknown>)[key])),
    fromWire: (wire, path) => {
      if (!Array.isArray(wire) || wire.length !== entries.length) fail(path, `an array of ${entries.length}`);
      const value: Record<string, unknown> = {};
      for (const [i, [key, schema]] of entries.entries()) value[key] = schema.fromWire(wire[i], `${path}.${key}`);
      return value as Struct<F>;
    },
  };
}

/**
 * One of several structs told apart by their `kind`: on the wire `[kind, ...fields]`, kind as its number.
 * @param variants number on the wire → [kind, schema of the rest]; numbers are never reused
 */
export function union<const V extends Readonly<Record<number, readonly [string, Schema<unknown>]>>>(
  variants: V,
): Schema<UnionOf<V>> {
  const byNumber = new Map(Object.entries(variants).map(([number, variant]) => [Number(number), variant]));
  const numberOf = new Map([...byNumber].map(([number, [kind]]) => [kind, number]));
  return {
    toWire: (value) => {
      const { kind } = value as { kind: string };
      const number = numberOf.get(kind) as number;
      return [number, (byNumber.get(number) as readonly [string, Schema<unknown>])[1].toWire(value)];
    },
    fromWire: (wire, path) => {
      if (!Array.isArray(wire) || wire.length !== 2) fail(path, 'a tagged pair');
      const variant = byNumber.get(wire[0] as number) ?? fail(path, 'a known kind');
      const value = variant[1].fromWire(wire[1], `${path}.${variant[0]}`) as object;
      return { kind: variant[0], ...value } as UnionOf<V>;
    },
  };
}

type UnionOf<V> = {
  [K in keyof V]: V[K] extends readonly [infer Kind, Schema<infer T>] ? { readonly kind: Kind } & T : never;
}[keyof V];
