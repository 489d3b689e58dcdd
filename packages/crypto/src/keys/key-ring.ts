import {
  accept,
  bytesUpTo,
  concatBytes,
  decodeCanonical,
  type Entropy,
  encode,
  MurmurError,
  type Result,
  refuse,
  struct,
  uint,
  utf8,
} from '@murmuration/core';
import { AEAD_KEY_BYTES } from '../aead/chacha20-poly1305.ts';
import { wipe } from '../secrets/secrets.ts';
import { MAX_WRAPPED_BYTES, unwrapKey, wrapKey } from './wrap.ts';

/** Wraps under new keys only with `active`; `retired` still opens; `destroyed` is gone. */
export type KeyState = 'active' | 'retired' | 'destroyed';

export interface KeyVersion {
  /** From 1. */
  readonly version: number;
  readonly state: KeyState;
}

/** What a ring looks like where it is kept. Secret. */
export interface KeyRingEntry extends KeyVersion {
  /** 32 bytes; empty once destroyed. */
  readonly key: Uint8Array;
}

export type RingRefusal = 'malformed-wrap' | 'does-not-open' | 'unknown-version' | 'destroyed-version';

/** Wrapping keys by version. What it wraps names the version, so that keys change without everything changing at once. */
export interface KeyRing {
  readonly versions: readonly KeyVersion[];
  /** Under the active version. @throws OPTION_OUT_OF_RANGE */
  wrap(key: Uint8Array, context: Uint8Array, entropy: Entropy): Uint8Array;
  unwrap(wrapped: Uint8Array, context: Uint8Array): Result<Uint8Array, RingRefusal>;
  /** The same key under the active version; the bytes given where they already are. */
  rewrap(wrapped: Uint8Array, context: Uint8Array, entropy: Entropy): Result<Uint8Array, RingRefusal>;
  /** A new active version; the former one is retired. */
  rotate(entropy: Entropy): KeyVersion;
  /** Wipes a retired version: what is still wrapped under it is lost. @throws KEY_VERSION */
  destroy(version: number): void;
  /** To keep, sealed. Copies. */
  entries(): readonly KeyRingEntry[];
}

const RING = utf8('murmur/keys/ring/1');
const ringSchema = struct({ version: uint, wrapped: bytesUpTo(2 * MAX_WRAPPED_BYTES) });

export function createKeyRing(entropy: Entropy): KeyRing {
  return openKeyRing([{ version: 1, state: 'active', key: entropy.bytes(AEAD_KEY_BYTES) }]);
}

/** @throws KEY_VERSION where the entries are no ring: versions 1, 2, …, the last one active and no other */
export function openKeyRing(kept: readonly KeyRingEntry[]): KeyRing {
  const entries: KeyRingEntry[] = kept.map((entry) => ({ ...entry, key: entry.key.slice() }));
  checkEntries(entries);
  const active = () => entries.at(-1) as KeyRingEntry;

  const wrap: KeyRing['wrap'] = (key, context, entropy) => {
    const { version, key: wrapping } = active();
    return encode(ringSchema, { version, wrapped: wrapKey(wrapping, key, bound(version, context), entropy) });
  };
  const unwrap: KeyRing['unwrap'] = (wrapped, context) => {
    const decoded = decodeCanonical(ringSchema, wrapped, { maxBytes: 4 * MAX_WRAPPED_BYTES });
    if (!decoded.ok) return refuse('malformed-wrap', decoded.detail);
    const { version } = decoded.value;
    const entry = entries[version - 1];
    if (entry === undefined) return refuse('unknown-version', `version ${version} of ${entries.length}`);
    if (entry.state === 'destroyed') return refuse('destroyed-version', `version ${version}`);
    return unwrapKey(entry.key, decoded.value.wrapped, bound(version, context));
  };
  return {
    get versions() {
      return entries.map(({ version, state }) => ({ version, state }));
    },
    wrap,
    unwrap,
    rewrap: (wrapped, context, entropy) => {
      const key = unwrap(wrapped, context);
      if (!key.ok) return key;
      const named = decodeCanonical(ringSchema, wrapped, { maxBytes: 4 * MAX_WRAPPED_BYTES });
      const current = named.ok && named.value.version === active().version;
      const renewed = current ? wrapped : wrap(key.value, context, entropy);
      wipe(key.value);
      return accept(renewed);
    },
    rotate: (entropy) => {
      entries[entries.length - 1] = { ...active(), state: 'retired' };
      const made = { version: entries.length + 1, state: 'active', key: entropy.bytes(AEAD_KEY_BYTES) } as const;
      entries.push(made);
      return { version: made.version, state: made.state };
    },
    destroy: (version) => {
      const entry = entries[version - 1];
      if (entry?.state !== 'retired') throw wrongVersion(version, entry?.state);
      wipe(entry.key);
      entries[version - 1] = { version, state: 'destroyed', key: new Uint8Array(0) };
    },
    entries: () => entries.map((entry) => ({ ...entry, key: entry.key.slice() })),
  };
}

function bound(version: number, context: Uint8Array): Uint8Array {
  return concatBytes(RING, utf8(`${version}\n`), context);
}

function checkEntries(entries: readonly KeyRingEntry[]): void {
  const fits = entries.every(({ version, state, key }, i) => {
    const wanted = state === 'destroyed' ? 0 : AEAD_KEY_BYTES;
    return version === i + 1 && key.length === wanted && (state === 'active') === (i === entries.length - 1);
  });
  if (fits && entries.length > 0) return;
  throw new MurmurError({
    code: 'KEY_VERSION',
    message: `${entries.length} entries are no key ring`,
    remedy: 'give the versions 1, 2, … in order, the last one active and no other',
    facts: { entries: entries.length },
  });
}

function wrongVersion(version: number, state: KeyState | undefined): MurmurError {
  return new MurmurError({
    code: 'KEY_VERSION',
    message: `version ${version} of the key ring cannot be destroyed: it is ${state ?? 'unknown'}`,
    remedy: state === 'active' ? 'rotate first, and rewrap what it has wrapped' : 'name a retired version',
    facts: { version, state: state ?? 'unknown' },
  });
}
