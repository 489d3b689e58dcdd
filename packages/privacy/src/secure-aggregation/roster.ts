import {
  accept,
  bytes,
  bytesUpTo,
  decodeCanonical,
  encode,
  equalBytes,
  oneOf,
  type Result,
  refuse,
  struct,
} from '@murmuration/core';
import { ed25519Verify, sha3_256 } from '@murmuration/crypto';
import { fromBitmap, toBitmap } from './bitmap.ts';
import { type AggregationPlan, MAX_MEMBERS } from './plan.ts';
import { KEYS_DOMAIN, signedKey } from './secrets.ts';

const DIGEST_BYTES = 32;

const statementSchema = struct({
  /** Never taken for a set of survivors. */
  kind: oneOf('roster'),
  plan: bytes(32),
  members: bytesUpTo(MAX_MEMBERS / 8),
  /** SHA3-256 of each key, in the order of the members. */
  digests: bytesUpTo(MAX_MEMBERS * DIGEST_BYTES),
});

export const MAX_ROSTER_BYTES = MAX_MEMBERS * (DIGEST_BYTES + 1) + 64;

export interface SignedKey {
  readonly member: number;
  readonly publicKey: Uint8Array;
  readonly signature: Uint8Array;
}

export type RosterRefusal = 'malformed-statement' | 'other-plan' | 'other-members' | 'bad-signature';

/** The bytes that the swarm commits to before a plan with a committed roster goes on: one key for each member. */
export function rosterStatement(plan: AggregationPlan, keys: ReadonlyMap<number, Uint8Array>): Uint8Array {
  const members = [...keys.keys()].sort((a, b) => a - b);
  const digests = new Uint8Array(members.length * DIGEST_BYTES);
  for (const [i, member] of members.entries()) {
    digests.set(sha3_256(keys.get(member) as Uint8Array), i * DIGEST_BYTES);
  }
  return encode(statementSchema, {
    kind: 'roster',
    plan: plan.digest,
    members: toBitmap(members, plan.members.length),
    digests,
  });
}

/** @returns the digest of each member's key; whether the statement is *committed* is the certificate's matter */
export function readRosterStatement(
  plan: AggregationPlan,
  statement: Uint8Array,
): Result<ReadonlyMap<number, Uint8Array>, RosterRefusal> {
  const decoded = decodeCanonical(statementSchema, statement, { maxBytes: MAX_ROSTER_BYTES });
  if (!decoded.ok) return refuse('malformed-statement', decoded.detail ?? decoded.reason);
  const { plan: digest, members: bitmap, digests } = decoded.value;
  if (!equalBytes(digest, plan.digest)) return refuse('other-plan');
  const members = fromBitmap(bitmap, plan.members.length);
  if (members === undefined || digests.length !== members.size * DIGEST_BYTES) return refuse('malformed-statement');
  const at = (i: number) => digests.subarray(i * DIGEST_BYTES, (i + 1) * DIGEST_BYTES);
  return accept(new Map([...members].sort((a, b) => a - b).map((member, i) => [member, at(i)])));
}

/**
 * What each replica checks before it commits to a roster: every key is signed for this plan by its device. Clients then
 * need not check their neighbours' signatures one by one: they rest on the swarm's quorum for that, as they do for the
 * set of survivors.
 */
export function verifyRoster(
  plan: AggregationPlan,
  statement: Uint8Array,
  keys: readonly SignedKey[],
  deps: { keyOf(member: number): Uint8Array | undefined; readonly verify?: typeof ed25519Verify },
): Result<void, RosterRefusal> {
  const digests = readRosterStatement(plan, statement);
  if (!digests.ok) return digests;
  if (keys.length !== digests.value.size) return refuse('other-members', `${keys.length} keys`);
  const verify = deps.verify ?? ed25519Verify;
  const seen = new Set<number>();
  for (const { member, publicKey, signature } of keys) {
    const digest = digests.value.get(member);
    if (seen.has(member) || digest === undefined || !equalBytes(digest, sha3_256(publicKey))) {
      return refuse('other-members', `member ${member}`);
    }
    seen.add(member);
    const signer = deps.keyOf(member);
    if (signer === undefined || !verify(KEYS_DOMAIN, signedKey(plan, member, publicKey), signature, signer)) {
      return refuse('bad-signature', `the key of member ${member}`);
    }
  }
  return accept(undefined);
}
