import { concatBytes, utf8 } from '@murmuration/core';
import { aeadOpen, aeadSeal, hkdfSha256, sha3_256 } from '@murmuration/crypto';
import type { AggregationPlan } from './plan.ts';

export const KEYS_DOMAIN = 'murmur/secure-aggregation/keys/1';

const NO_SALT = new Uint8Array(0);
/** Every AEAD key here seals one message. */
const ONLY_NONCE = new Uint8Array(12);
const RECOVERY = utf8('murmur/secure-aggregation/recovery/1');
const PAIR_MASK = utf8('murmur/secure-aggregation/pair-mask/1');
const SELF_MASK = utf8('murmur/secure-aggregation/self-mask/1');
const COMMITMENT = utf8('murmur/secure-aggregation/commitment/1');
const BOX = utf8('murmur/secure-aggregation/box/1');

/** What a device signs: its key for this plan and nothing else. */
export function signedKey(plan: AggregationPlan, member: number, publicKey: Uint8Array): Uint8Array {
  return concatBytes(plan.digest, ends(member), publicKey);
}

/** Binds an agreement to suite, job, round and group (all in the digest) and to the sorted pair. */
export function pairContext(plan: AggregationPlan, a: number, b: number): Uint8Array {
  return concatBytes(plan.digest, ends(Math.min(a, b), Math.max(a, b)));
}

export function pairMaskSeed(shared: Uint8Array): Uint8Array {
  return hkdfSha256(shared, NO_SALT, PAIR_MASK, 32);
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

/** Two shares from one member for another, authenticated with both ends and the plan. */
export function sealBox(
  plan: AggregationPlan,
  shared: Uint8Array,
  from: number,
  to: number,
  shares: Uint8Array,
): Uint8Array {
  const bound = concatBytes(plan.digest, ends(from, to));
  return aeadSeal(boxKey(shared, bound), ONLY_NONCE, shares, bound);
}

export function openBox(
  plan: AggregationPlan,
  shared: Uint8Array,
  from: number,
  to: number,
  box: Uint8Array,
): Uint8Array | undefined {
  const bound = concatBytes(plan.digest, ends(from, to));
  return aeadOpen(boxKey(shared, bound), ONLY_NONCE, box, bound);
}

function boxKey(shared: Uint8Array, bound: Uint8Array): Uint8Array {
  return hkdfSha256(shared, bound, BOX, 32);
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
