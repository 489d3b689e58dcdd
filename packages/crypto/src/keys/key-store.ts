import {
  accept,
  bytes,
  bytesUpTo,
  decodeCanonical,
  type Entropy,
  encode,
  equalBytes,
  fromUtf8,
  type Infer,
  list,
  MurmurError,
  oneOf,
  type Result,
  refuse,
  struct,
  text,
  uint,
  utf8,
} from '@murmuration/core';
import { AEAD_KEY_BYTES, AEAD_TAG_BYTES, aeadOpen, aeadSeal } from '../aead/chacha20-poly1305.ts';
import { sha3_256 } from '../hash/hash.ts';
import { ARGON2_DEFAULT_COST, type Argon2Cost, argon2id, isArgon2Cost } from '../kdf/argon2id.ts';
import { wipe } from '../secrets/secrets.ts';

const MAGIC = utf8('murmur keys 1\n');
const DIGEST_BYTES = 32;
const SALT_BYTES = 32;
const MAX_ENTRIES = 1024;
const MAX_SECRET_BYTES = 64 * 1024;
const MAX_STORE_BYTES = 8 * 1024 * 1024;
/** For a key that seals one message: each save draws a new salt. */
const ONLY_NONCE = new Uint8Array(12);

const entrySchema = struct({
  name: text(64),
  /** What the key is for, as `operational` or `wrapping`. */
  purpose: text(64),
  /** Counts up with each rotation. */
  version: uint,
  state: oneOf('active', 'retired', 'destroyed'),
  createdMs: uint,
  secret: bytesUpTo(MAX_SECRET_BYTES),
});
const entriesSchema = list(entrySchema, MAX_ENTRIES);
const bodySchema = struct({
  memoryKiB: uint,
  passes: uint,
  lanes: uint,
  salt: bytes(SALT_BYTES),
  sealed: bytesUpTo(MAX_STORE_BYTES),
});

export type StoredKey = Infer<typeof entrySchema>;

export type KeyStoreRefusal =
  | 'not-a-key-store'
  | 'unsupported-version'
  | 'damaged'
  | 'cost-out-of-range'
  | 'wrong-passphrase';

export interface KeyStoreOptions {
  /** @default RFC 9106's second recommended option: 64 MiB, 3 passes, 4 lanes */
  readonly cost?: Argon2Cost;
}

/**
 * Seals keys under a passphrase: `murmur keys 1\n` ‖ SHA3-256 of the rest ‖ {cost, salt, sealed}. The digest needs no
 * passphrase, so that a damaged file and a wrong passphrase are two answers.
 *
 * @param passphrase NFKC-normalised, then UTF-8; its strength is the caller's to judge
 * @throws KEY_ENTRIES for entries that would not be read back: a store that no passphrase opens is a loss of keys;
 * OPTION_OUT_OF_RANGE for the cost
 */
export function sealKeyStore(
  passphrase: string,
  keys: readonly StoredKey[],
  entropy: Entropy,
  { cost = ARGON2_DEFAULT_COST }: KeyStoreOptions = {},
): Uint8Array {
  const plain = readableEntries(keys);
  const salt = entropy.bytes(SALT_BYTES);
  const key = keyOf(passphrase, salt, cost);
  const sealed = aeadSeal(key, ONLY_NONCE, plain, MAGIC);
  wipe(key, plain);
  const { memoryKiB, passes, lanes } = cost;
  const body = encode(bodySchema, { memoryKiB, passes, lanes, salt, sealed });
  const file = new Uint8Array(MAGIC.length + DIGEST_BYTES + body.length);
  file.set(MAGIC);
  file.set(sha3_256(MAGIC, body), MAGIC.length);
  file.set(body, MAGIC.length + DIGEST_BYTES);
  return file;
}

/** Never throws for `file`. `damaged` is told without the passphrase; `wrong-passphrase` costs a whole Argon2id. */
export function openKeyStore(file: Uint8Array, passphrase: string): Result<readonly StoredKey[], KeyStoreRefusal> {
  const read = readFrame(file);
  if (!read.ok) return read;
  const { salt, sealed, ...cost } = read.value;
  const key = keyOf(passphrase, salt, cost);
  const plain = aeadOpen(key, ONLY_NONCE, sealed, MAGIC);
  wipe(key);
  if (plain === undefined) return refuse('wrong-passphrase');
  const keys = decodeCanonical(entriesSchema, plain, { maxBytes: MAX_STORE_BYTES });
  wipe(plain);
  return keys.ok ? accept(keys.value) : refuse('damaged', keys.detail);
}

/** What can be said of a file without its passphrase. */
export function inspectKeyStore(file: Uint8Array): Result<Argon2Cost, Exclude<KeyStoreRefusal, 'wrong-passphrase'>> {
  const read = readFrame(file);
  if (!read.ok) return read;
  const { memoryKiB, passes, lanes } = read.value;
  return accept({ memoryKiB, passes, lanes });
}

/** The entries as bytes, which were read back once. */
function readableEntries(keys: readonly StoredKey[]): Uint8Array {
  const plain = encode(entriesSchema, keys);
  const read = decodeCanonical(entriesSchema, plain, { maxBytes: MAX_STORE_BYTES - AEAD_TAG_BYTES });
  if (read.ok) {
    for (const { secret } of read.value) wipe(secret);
    return plain;
  }
  wipe(plain);
  throw new MurmurError({
    code: 'KEY_ENTRIES',
    message: `these keys could not be read back from a store: ${read.detail}`,
    remedy: 'shorten the name or purpose, or keep the keys in several stores',
    facts: { keys: keys.length },
  });
}

function readFrame(file: Uint8Array): Result<Infer<typeof bodySchema>, Exclude<KeyStoreRefusal, 'wrong-passphrase'>> {
  const start = MAGIC.length + DIGEST_BYTES;
  const body = file.subarray(start);
  const digest = file.subarray(MAGIC.length, start);
  const magic = file.subarray(0, MAGIC.length);
  if (!equalBytes(magic, MAGIC)) return refuse(...misnamed(magic, equalBytes(digest, sha3_256(MAGIC, body))));
  if (file.length > 2 * MAX_STORE_BYTES) return refuse('damaged', `${file.length} bytes`);
  if (!equalBytes(digest, sha3_256(MAGIC, body))) return refuse('damaged', 'its digest does not fit');
  const decoded = decodeCanonical(bodySchema, body, { maxBytes: MAX_STORE_BYTES + 1024 });
  if (!decoded.ok) return refuse('damaged', decoded.detail);
  if (!isArgon2Cost(decoded.value)) return refuse('cost-out-of-range', describe(decoded.value));
  return decoded;
}

/** Why a file does not begin as ours do: it is another's, of another version, or its first bytes are damaged. */
function misnamed(
  magic: Uint8Array,
  restFits: boolean,
): ['not-a-key-store' | 'unsupported-version' | 'damaged', string] {
  if (restFits) return ['damaged', 'its first bytes'];
  const name = fromUtf8(magic) ?? '';
  const version = /^murmur keys (\d+)\n/.exec(name)?.[1];
  return version === undefined ? ['not-a-key-store', 'its first bytes'] : ['unsupported-version', `version ${version}`];
}

function keyOf(passphrase: string, salt: Uint8Array, cost: Argon2Cost): Uint8Array {
  const words = utf8(passphrase.normalize('NFKC'));
  const key = argon2id(words, salt, cost, AEAD_KEY_BYTES);
  wipe(words);
  return key;
}

function describe({ memoryKiB, passes, lanes }: Argon2Cost): string {
  return `${memoryKiB} KiB, ${passes} passes, ${lanes} lanes`;
}
