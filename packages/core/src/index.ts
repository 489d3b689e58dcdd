export { fromBase32, toBase32 } from './bytes/base32.ts';
export { compareBytes, concatBytes, equalBytes, fromUtf8, plainBytes, utf8 } from './bytes/bytes.ts';
export { fromHex, toHex } from './bytes/hex.ts';
export {
  DEFAULT_MAX_BYTES,
  type DecodeOptions,
  type DecodeReason,
  decode,
  decodeCanonical,
  encode,
} from './encoding/codec.ts';
export {
  boolean,
  bytes,
  bytesUpTo,
  deviceId,
  finite,
  type Infer,
  integer,
  list,
  oneOf,
  optional,
  type Schema,
  struct,
  text,
  uint,
  union,
} from './encoding/schema.ts';
export { assert, unreachable } from './errors/assert.ts';
export { isMurmurError, MurmurError, type MurmurErrorInit } from './errors/murmur-error.ts';
export { type Accepted, accept, type Refused, type Result, refuse } from './errors/result.ts';
export type { Brand } from './ids/brand.ts';
export { type DeviceId, deviceIdFromDigest, parseDeviceId, shortDeviceId } from './ids/device-id.ts';
export { checkInteger, checkNumber, refuseUnknownKeys } from './options/check.ts';
export { editDistance, nearest } from './options/nearest.ts';
export type { Clock, Timer } from './ports/clock.ts';
export type { Entropy } from './ports/entropy.ts';
export { type Log, type LogFacts, silentLog } from './ports/log.ts';
export type { MessagePort, RequestOptions, RequestRefusal, SendRefusal } from './ports/message-port.ts';
export { type Labels, type Metrics, noMetrics } from './ports/metrics.ts';
export { type Random, seededRandom, shuffle } from './ports/random.ts';
export {
  type Change,
  type Entry,
  memoryStore,
  type ScanOptions,
  type Store,
  type WriteOptions,
} from './ports/store.ts';
