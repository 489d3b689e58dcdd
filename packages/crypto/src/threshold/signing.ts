import { accept, equalBytes, type Refused, refuse } from '@murmuration/core';
import { ed25519_FROST } from '@noble/curves/ed25519.js';
import { platform } from '#platform';
import { wipe } from '../secrets/secrets.ts';
import { signedBytes } from '../sign/domain.ts';
import { verifyStrict } from '../sign/ed25519-strict.ts';
import type { Cheated } from './dkg.ts';
import {
  groupToFrost,
  identifierOf,
  isPrimeOrderPoint,
  type SecretShare,
  SHARE_BYTES,
  type ThresholdGroup,
} from './group.ts';
import { type NonceCommitment, type NoncePair, takeSecrets } from './nonces.ts';

/** What the signers agree on: who signs (by their commitments) and what. */
export interface SigningSet {
  readonly group: ThresholdGroup;
  /** Of `threshold` to `size` distinct holders, in any order. */
  readonly commitments: readonly NonceCommitment[];
  /** As for `ed25519Sign`: the signature verifies by `ed25519Verify(domain, message, …)`. */
  readonly domain: string;
  readonly message: Uint8Array;
}

export type SetRefusal =
  | 'wrong-number'
  | 'unknown-holder'
  | 'holder-twice'
  | 'bad-commitment'
  | 'own-commitment-missing';
export type CombineRefusal = SetRefusal | 'missing-share' | 'bad-share';

/** A share that waits until its nonces are marked as used on disk: a restart must never use them again. */
export interface PendingShare {
  /** `NoncePair.id`: keep it for as long as the key lives. */
  readonly usedNonces: string;
  /** @returns the signature share, 32 bytes. Call it once `usedNonces` is durable, and only then send it. */
  releaseOnceDurable(): Uint8Array;
}

/**
 * Round two: signs with one holder's share. The nonces are spent, also where the result is thrown away; a set that is
 * refused spends none.
 *
 * @throws CRYPTO_NONCES_USED, CRYPTO_BAD_DOMAIN
 * @see RFC 9591 §5.2
 */
export function signShare(
  set: SigningSet,
  share: SecretShare,
  nonces: NoncePair,
): { ok: true; value: PendingShare } | Cheated<SetRefusal> {
  return signShareRaw({ ...set, message: signedBytes(set.domain, set.message) }, share, nonces);
}

/** The same over the message as it is, for the RFC's vectors and for protocols with a framing of their own. */
export function signShareRaw(
  set: Omit<SigningSet, 'domain'>,
  share: SecretShare,
  nonces: NoncePair,
): { ok: true; value: PendingShare } | Cheated<SetRefusal> {
  const wrong = checkSet(set);
  if (wrong !== undefined) return wrong;
  const own = set.commitments.find(({ holder }) => holder === share.holder);
  if (own === undefined || !sameCommitment(own, nonces.commitment)) {
    return { ...refuse('own-commitment-missing'), cheaters: [] };
  }
  const { hiding, binding } = takeSecrets(nonces);
  const signed = ed25519_FROST.signShare(
    { identifier: identifierOf(share.holder), signingShare: share.secret },
    groupToFrost(set.group),
    { hiding, binding },
    toFrost(set.commitments),
    set.message,
  );
  wipe(hiding, binding);
  return accept({ usedNonces: nonces.id, releaseOnceDurable: () => Uint8Array.from(signed) });
}

/**
 * Puts the shares of all signers together, by anyone.
 * @param shares by holder, 32 bytes each
 * @returns an ordinary Ed25519 signature of the group, 64 bytes; or who sent a wrong share
 * @see RFC 9591 §5.3 and §5.4
 */
export function combineShares(
  set: SigningSet,
  shares: ReadonlyMap<number, Uint8Array>,
): { ok: true; value: Uint8Array } | Cheated<CombineRefusal> {
  return combineSharesRaw({ ...set, message: signedBytes(set.domain, set.message) }, shares);
}

/** See `signShareRaw`. */
export function combineSharesRaw(
  set: Omit<SigningSet, 'domain'>,
  shares: ReadonlyMap<number, Uint8Array>,
): { ok: true; value: Uint8Array } | Cheated<CombineRefusal> {
  const wrong = checkSet(set);
  if (wrong !== undefined) return wrong;
  const signers = set.commitments.map(({ holder }) => holder);
  const missing = signers.filter((holder) => shares.get(holder)?.length !== SHARE_BYTES);
  if (missing.length > 0) return { ...refuse('missing-share'), cheaters: missing };
  const signature = aggregate(set, shares);
  if (signature !== undefined && verifyStrict(platform, set.message, signature, set.group.publicKey)) {
    return accept(signature);
  }
  const cheaters = signers.filter((holder) => !shareHolds(set, holder, shares.get(holder) as Uint8Array));
  return { ...refuse('bad-share'), cheaters };
}

/** Whether a holder's share is right: names the one that spoils a signature. */
export function verifySignatureShare(set: SigningSet, holder: number, share: Uint8Array): boolean {
  const raw = { ...set, message: signedBytes(set.domain, set.message) };
  return checkSet(raw) === undefined && share.length === SHARE_BYTES && shareHolds(raw, holder, share);
}

/** Verifies a group's signature over the message as it is: strict Ed25519 (RFC 8032), without a domain. */
export function verifyGroupSignature(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean {
  return verifyStrict(platform, message, signature, publicKey);
}

function checkSet({
  group,
  commitments,
}: Omit<SigningSet, 'domain'>): (Refused<SetRefusal> & Cheated<SetRefusal>) | undefined {
  if (commitments.length < group.threshold || commitments.length > group.size) {
    return { ...refuse('wrong-number', `${commitments.length} of ${group.threshold} to ${group.size}`), cheaters: [] };
  }
  const seen = new Set<number>();
  for (const { holder } of commitments) {
    if (!Number.isInteger(holder) || holder < 1 || holder > group.size)
      return { ...refuse('unknown-holder'), cheaters: [] };
    if (seen.has(holder)) return { ...refuse('holder-twice'), cheaters: [] };
    seen.add(holder);
  }
  const bad = commitments.filter(({ hiding, binding }) => !isPrimeOrderPoint(hiding) || !isPrimeOrderPoint(binding));
  return bad.length > 0 ? { ...refuse('bad-commitment'), cheaters: bad.map(({ holder }) => holder) } : undefined;
}

function aggregate(
  { group, commitments, message }: Omit<SigningSet, 'domain'>,
  shares: ReadonlyMap<number, Uint8Array>,
): Uint8Array | undefined {
  const named = commitments.map(({ holder }) => [identifierOf(holder), shares.get(holder) as Uint8Array]);
  try {
    const signature = ed25519_FROST.aggregate(
      groupToFrost(group),
      toFrost(commitments),
      message,
      Object.fromEntries(named),
    );
    return Uint8Array.from(signature);
  } catch {
    return undefined; // a share is wrong: the caller finds whose
  }
}

function shareHolds(set: Omit<SigningSet, 'domain'>, holder: number, share: Uint8Array): boolean {
  const { group, commitments, message } = set;
  try {
    return ed25519_FROST.verifyShare(groupToFrost(group), toFrost(commitments), message, identifierOf(holder), share);
  } catch {
    return false; // not a scalar, or a holder that does not sign
  }
}

function toFrost(
  commitments: readonly NonceCommitment[],
): { identifier: string; hiding: Uint8Array; binding: Uint8Array }[] {
  return commitments.map(({ holder, hiding, binding }) => ({ identifier: identifierOf(holder), hiding, binding }));
}

function sameCommitment(a: NonceCommitment, b: NonceCommitment): boolean {
  return equalBytes(a.hiding, b.hiding) && equalBytes(a.binding, b.binding);
}
