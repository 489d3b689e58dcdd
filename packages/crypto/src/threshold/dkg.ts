import {
  accept,
  bytes,
  checkInteger,
  decodeCanonical,
  type Entropy,
  encode,
  type Infer,
  integer,
  list,
  MurmurError,
  type Refused,
  refuse,
  struct,
  utf8,
} from '@murmuration/core';
import { ed25519, ed25519_FROST } from '@noble/curves/ed25519.js';
import { bytesToNumberLE } from '@noble/curves/utils.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { sha3_256 } from '../hash/hash.ts';
import {
  checkParameters,
  groupFromFrost,
  holdersOf,
  identifierOf,
  isPrimeOrderPoint,
  MAX_GROUP_SIZE,
  POINT_BYTES,
  type SecretShare,
  shareFits,
  type ThresholdGroup,
} from './group.ts';

const { Point } = ed25519;
const POK_BYTES = 64;
const POK_PREFIX = utf8('FROST-ED25519-SHA512-v1dkg');

/** What a holder tells all others: commitments to its polynomial, and that it knows the first coefficient. */
const broadcastSchema = struct({
  holder: integer(1, MAX_GROUP_SIZE),
  commitments: list(bytes(POINT_BYTES), MAX_GROUP_SIZE),
  proof: bytes(POK_BYTES),
});

type Broadcast = Infer<typeof broadcastSchema>;
type Round1Secret = ReturnType<typeof ed25519_FROST.DKG.round1>['secret'];

/** Who broke the protocol. The others start again without it. */
export interface Cheated<Reason extends string> extends Refused<Reason> {
  readonly cheaters: readonly number[];
}

export type BroadcastRefusal = 'wrong-number' | 'bad-broadcast';
export type ShareRefusal = 'wrong-number' | 'bad-share';

/** The first of three steps. Nothing of it can be stored: after a restart the group starts again. */
export interface DkgStart {
  /** For every other holder, unchanged: over a broadcast that all can check, see `transcript`. */
  readonly broadcast: Uint8Array;
  /** @param broadcasts of all others */
  receive(broadcasts: readonly Uint8Array[]): { ok: true; value: DkgSharing } | Cheated<BroadcastRefusal>;
}

export interface DkgSharing {
  /** For each other holder its own share, by an authenticated and encrypted channel. */
  readonly shares: ReadonlyMap<number, Uint8Array>;
  /**
   * SHA3-256 of what everybody broadcast. Every holder signs and compares it before the key is used: holders that
   * were told different things must not go on.
   */
  readonly transcript: Uint8Array;
  /** @param shares by sender, from all others */
  finish(
    shares: ReadonlyMap<number, Uint8Array>,
  ): { ok: true; value: { readonly group: ThresholdGroup; readonly share: SecretShare } } | Cheated<ShareRefusal>;
}

/**
 * Pedersen's distributed key generation with proofs of knowledge: nobody ever knows the group's secret, and fewer
 * than `threshold` holders learn nothing of it. A holder that stays silent stops it; one that lies is named.
 *
 * @param holder the own number, 1 to `size`
 * @throws OPTION_OUT_OF_RANGE
 * @see Komlo and Goldberg 2020 (FROST), figure 1
 */
export function startDkg(holder: number, threshold: number, size: number, entropy: Entropy): DkgStart {
  checkParameters(threshold, size);
  checkInteger('number of a holder', holder, 1, size);
  const own = ed25519_FROST.DKG.round1(identifierOf(holder), { min: threshold, max: size }, undefined, (length = 32) =>
    entropy.bytes(length),
  );
  const broadcast = encode(broadcastSchema, {
    holder,
    commitments: own.public.commitment,
    proof: own.public.proofOfKnowledge,
  });
  return {
    broadcast,
    receive: (broadcasts) => {
      const others = readBroadcasts(broadcasts, holder, threshold, size);
      return others.ok ? accept(sharing(holder, own.secret, broadcast, others.value)) : others;
    },
  };
}

function readBroadcasts(
  wires: readonly Uint8Array[],
  self: number,
  threshold: number,
  size: number,
): { ok: true; value: ReadonlyMap<number, Broadcast> } | Cheated<BroadcastRefusal> {
  const read = new Map<number, Broadcast>();
  for (const wire of wires) {
    const decoded = decodeCanonical(broadcastSchema, wire, { maxBytes: 64 * 1024 });
    if (decoded.ok) read.set(decoded.value.holder, decoded.value);
  }
  const awaited = holdersOf(size).filter((holder) => holder !== self);
  const missing = awaited.filter((holder) => !read.has(holder));
  if (wires.length !== size - 1 || missing.length > 0) return { ...refuse('wrong-number'), cheaters: missing };
  const cheaters = awaited.filter((holder) => !isSound(read.get(holder) as Broadcast, threshold));
  return cheaters.length > 0 ? { ...refuse('bad-broadcast'), cheaters } : accept(read);
}

function isSound({ holder, commitments, proof }: Broadcast, threshold: number): boolean {
  return (
    commitments.length === threshold &&
    commitments.every(isPrimeOrderPoint) &&
    knowsSecret(holder, commitments[0] as Uint8Array, proof)
  );
}

/** Schnorr's proof: zB = R + H(holder ‖ phi ‖ R) phi. */
export function knowsSecret(holder: number, phi: Uint8Array, proof: Uint8Array): boolean {
  const r = proof.subarray(0, POINT_BYTES);
  const z = bytesToNumberLE(proof.subarray(POINT_BYTES));
  if (!isPrimeOrderPoint(r) || z >= Point.Fn.ORDER) return false;
  const id = Point.Fn.toBytes(BigInt(holder));
  const hash = sha512.create().update(POK_PREFIX).update(id).update(phi).update(r).digest();
  const challenge = Point.Fn.create(bytesToNumberLE(hash));
  const right = Point.fromBytes(r).add(Point.fromBytes(phi).multiplyUnsafe(challenge));
  return Point.BASE.multiplyUnsafe(z).equals(right);
}

function sharing(
  self: number,
  secret: Round1Secret,
  own: Uint8Array,
  others: ReadonlyMap<number, Broadcast>,
): DkgSharing {
  const packages = [...others.values()].map(({ holder, commitments, proof }) => ({
    identifier: identifierOf(holder),
    commitment: [...commitments],
    proofOfKnowledge: proof,
  }));
  const shares = ed25519_FROST.DKG.round2(secret, packages);
  const transcript = [...others.keys(), self]
    .sort((a, b) => a - b)
    .map((holder) => (holder === self ? own : encode(broadcastSchema, others.get(holder) as Broadcast)));
  let finished = false;
  return {
    shares: new Map([...others.keys()].map((to) => [to, shareFor(shares, to)])),
    transcript: sha3_256(...transcript),
    finish: (received) => {
      if (finished) throw dkgFinished(self);
      const cheaters = [...others.values()]
        .filter(({ holder, commitments }) => {
          const share = received.get(holder);
          return share !== undefined && !shareFits(self, share, commitments);
        })
        .map(({ holder }) => holder);
      if (cheaters.length > 0) return { ...refuse('bad-share'), cheaters };
      const missing = [...others.keys()].filter((holder) => !received.has(holder));
      if (missing.length > 0) return { ...refuse('wrong-number'), cheaters: missing };
      finished = true;
      // Shares of whoever is not in the group are nobody's.
      const expected = [...others.keys()].map((holder) => [holder, received.get(holder) as Uint8Array] as const);
      return accept(combine(self, secret, packages, expected));
    },
  };
}

function shareFor(shares: Readonly<Record<string, { signingShare: Uint8Array }>>, to: number): Uint8Array {
  return Uint8Array.from((shares[identifierOf(to)] as { signingShare: Uint8Array }).signingShare);
}

function combine(
  self: number,
  secret: Round1Secret,
  packages: Parameters<typeof ed25519_FROST.DKG.round3>[1],
  received: readonly (readonly [number, Uint8Array])[],
): { readonly group: ThresholdGroup; readonly share: SecretShare } {
  const parts = received.map(([holder, signingShare]) => ({ identifier: identifierOf(holder), signingShare }));
  const key = ed25519_FROST.DKG.round3(secret, packages, parts);
  return {
    group: groupFromFrost(key.public),
    share: { holder: self, secret: Uint8Array.from(key.secret.signingShare) },
  };
}

function dkgFinished(holder: number): MurmurError {
  return new MurmurError({
    code: 'CRYPTO_DKG_FINISHED',
    message: `holder ${holder} has already finished this key generation`,
    remedy: 'keep the share that the first call gave, or start a new key generation with all holders',
    facts: { holder },
  });
}
