import { concatBytes, utf8 } from '@murmuration/core';
import { aeadOpen, aeadSeal, hkdfSha256, sha3_256, wipe } from '@murmuration/crypto';
import type { AggregationPlan } from './plan.ts';

export const KEYS_DOMAIN = 'murmur/secure-aggregation/keys/1';

const NO_SALT = new Uint8Array(0);
/** For keys that seal one message. */
const ONLY_NONCE = new Uint8Array(12);
const RECOVERY = utf8('murmur/secure-aggregation/recovery/1');
const PAIR = utf8('murmur/secure-aggregation/pair/1');
const SELF_MASK = utf8('murmur/secure-aggregation/self-mask/1');
const COMMITMENT = utf8('murmur/secure-aggregation/commitment/1');
const SHARE = utf8('murmur/secure-aggregation/share/1');

/** What a device signs: its key for this plan and nothing else. */
export function signedKey(plan: AggregationPlan, member: number, publicKey: Uint8Array): Uint8Array {
  return concatBytes(plan.digest, ends(member), publicKey);
}

/** Binds an agreement to suite, job, round and group (all in the digest) and to the sorted pair. */
export function pairContext(plan: AggregationPlan, a: number, b: number): Uint8Array {
  return concatBytes(plan.digest, ends(Math.min(a, b), Math.max(a, b)));
}

/** What two members derive from their agreement, which is then forgotten. */
export interface PairKeys {
  /** Seals one box in each direction, told apart by the nonce. */
  readonly box: Uint8Array;
  /** Expands to the mask of the pair. */
  readonly maskSeed: Uint8Array;
}

export function pairKeys(shared: Uint8Array): PairKeys {
  const both = hkdfSha256(shared, NO_SALT, PAIR, 64);
  const keys = { box: both.slice(0, 32), maskSeed: both.slice(32) };
  wipe(shared, both);
  return keys;
}

export function selfMaskSeed(secret: Uint8Array): Uint8Array {
  return hkdfSha256(secret, NO_SALT, SELF_MASK, 32);
}

/** @param which the two secrets of a member: `self` and `pair` */
export function commitSecret(
  plan: AggregationPlan,
  member: number,
  which: 'self' | 'pair',
  secret: Uint8Array,
): Uint8Array {
  return sha3_256(COMMITMENT, plan.digest, ends(member), utf8(which), secret);
}

/** Says nothing of a share, which nobody can guess; a false one is told by it. @param of the member whose secret it is of */
export function shareDigest(
  plan: AggregationPlan,
  of: number,
  holder: number,
  which: 'self' | 'pair',
  share: Uint8Array,
): Uint8Array {
  return sha3_256(concatBytes(SHARE, plan.digest, ends(of, holder), utf8(which), share));
}

/** Two shares from one member for another, authenticated with both ends and the plan. @param key of the pair's boxes */
export function sealBox(
  plan: AggregationPlan,
  key: Uint8Array,
  from: number,
  to: number,
  shares: Uint8Array,
): Uint8Array {
  return aeadSeal(key, boxNonce(from, to), shares, concatBytes(plan.digest, ends(from, to)));
}

/** @returns the shares, or undefined where another pair, direction or plan was sealed for, or a bit differs */
export function openBox(
  plan: AggregationPlan,
  key: Uint8Array,
  from: number,
  to: number,
  box: Uint8Array,
): Uint8Array | undefined {
  return aeadOpen(key, boxNonce(from, to), box, concatBytes(plan.digest, ends(from, to)));
}

/** Each member of a pair seals once: the lower under 0, the higher under 1. */
function boxNonce(from: number, to: number): Uint8Array {
  const nonce = new Uint8Array(12);
  nonce[0] = from < to ? 0 : 1;
  return nonce;
}

/** The seeds of a member's pairs, for whoever is given its pair secret. */
export function sealRecovery(
  plan: AggregationPlan,
  member: number,
  secret: Uint8Array,
  seeds: readonly Uint8Array[],
): Uint8Array {
  const bound = concatBytes(plan.digest, ends(member));
  return aeadSeal(hkdfSha256(secret, bound, RECOVERY, 32), ONLY_NONCE, concatBytes(...seeds), bound);
}

/** @returns `count` seeds, or undefined where the member sealed something else */
export function openRecovery(
  plan: AggregationPlan,
  member: number,
  secret: Uint8Array,
  sealed: Uint8Array,
  count: number,
): readonly Uint8Array[] | undefined {
  const bound = concatBytes(plan.digest, ends(member));
  const seeds = aeadOpen(hkdfSha256(secret, bound, RECOVERY, 32), ONLY_NONCE, sealed, bound);
  if (seeds === undefined || seeds.length !== 32 * count) return undefined;
  return Array.from({ length: count }, (_, i) => seeds.slice(32 * i, 32 * i + 32));
}

function ends(...members: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * members.length);
  const view = new DataView(bytes.buffer);
  for (const [i, member] of members.entries()) view.setUint32(4 * i, member);
  return bytes;
}
