import {
  accept,
  bytes,
  decodeCanonical,
  type Entropy,
  encode,
  equalBytes,
  type Infer,
  integer,
  list,
  oneOf,
  type Result,
  refuse,
  struct,
  utf8,
} from '@murmuration/core';
import { sha3_256 } from '../hash/hash.ts';
import { recoverSecret, SHAMIR_MAX_HOLDERS, SHAMIR_SECRET_BYTES, splitSecret } from '../threshold/shamir.ts';

const shareSchema = struct({
  kind: oneOf('murmur-backup-share-1'),
  /** Of all shares of one backup the same. */
  set: bytes(16),
  threshold: integer(1, SHAMIR_MAX_HOLDERS),
  holder: integer(1, SHAMIR_MAX_HOLDERS),
  share: bytes(SHAMIR_SECRET_BYTES),
  /** SHA3-256 of each holder's share: a wrong one is named. Says nothing about shares, which are uniform. */
  digests: list(bytes(32), SHAMIR_MAX_HOLDERS),
  /** SHA3-256 of all above: damage is told from lies. */
  checksum: bytes(32),
});

export type BackupShare = Infer<typeof shareSchema>;

export type RestoreRefusal = 'damaged-share' | 'other-set' | 'repeated-share' | 'wrong-share' | 'too-few-shares';

const SHARE = utf8('murmur/keys/backup/share/1');
const CHECK = utf8('murmur/keys/backup/checksum/1');

export interface BackupPlan {
  /** Shares that give the secret back: 2 to `holders`. Any fewer say nothing about it. */
  readonly threshold: number;
  /** 2 to 255. */
  readonly holders: number;
}

/**
 * Splits a 32-byte secret among holders, a document for each. Documents name each other's shares by digest, so that
 * one that was forged or mixed up is named at the restore.
 *
 * @throws CRYPTO_WRONG_LENGTH, OPTION_OUT_OF_RANGE
 * @see Shamir 1979
 */
export function backUpSecret(secret: Uint8Array, { threshold, holders }: BackupPlan, entropy: Entropy): Uint8Array[] {
  const shares = splitSecret(secret, threshold, holders, entropy);
  const set = entropy.bytes(16);
  const digests = shares.map((share, i) => digestOf(set, i + 1, share));
  return shares.map((share, i) => {
    const body = { kind: 'murmur-backup-share-1', set, threshold, holder: i + 1, share, digests } as const;
    return encode(shareSchema, { ...body, checksum: checksumOf(body) });
  });
}

/** Reads one document, so that a holder can look after it. */
export function readBackupShare(document: Uint8Array): Result<BackupShare, 'damaged-share'> {
  const decoded = decodeCanonical(shareSchema, document, { maxBytes: 64 * 1024 });
  if (!decoded.ok) return refuse('damaged-share', decoded.detail ?? decoded.reason);
  const { checksum, threshold, holder, digests } = decoded.value;
  if (!equalBytes(checksum, checksumOf(decoded.value))) return refuse('damaged-share', 'its checksum does not fit');
  const fits = threshold <= digests.length && holder <= digests.length;
  return fits ? decoded : refuse('damaged-share', 'its numbers do not fit');
}

/** The secret of at least `threshold` documents of one backup, in any order. */
export function restoreSecret(documents: readonly Uint8Array[]): Result<Uint8Array, RestoreRefusal> {
  const shares: BackupShare[] = [];
  for (const [i, document] of documents.entries()) {
    const share = readBackupShare(document);
    if (!share.ok) return refuse('damaged-share', `document ${i + 1}: ${share.detail}`);
    shares.push(share.value);
  }
  const [first] = shares;
  if (first === undefined) return refuse('too-few-shares', '0 shares');
  const seen = new Set<number>();
  for (const { set, holder, share, threshold, digests } of shares) {
    const same = threshold === first.threshold && digests.length === first.digests.length;
    if (!equalBytes(set, first.set) || !same) return refuse('other-set', `the share of holder ${holder}`);
    if (seen.has(holder)) return refuse('repeated-share', `of holder ${holder}`);
    seen.add(holder);
    const wanted = first.digests[holder - 1] as Uint8Array;
    if (!equalBytes(digestOf(set, holder, share), wanted)) return refuse('wrong-share', `of holder ${holder}`);
  }
  if (shares.length < first.threshold) return refuse('too-few-shares', `${shares.length} of ${first.threshold}`);
  const recovered = recoverSecret(
    first.threshold,
    shares.map(({ holder, share }) => ({ holder, bytes: share })),
  );
  return recovered.ok ? accept(recovered.value) : refuse('wrong-share', recovered.reason);
}

function digestOf(set: Uint8Array, holder: number, share: Uint8Array): Uint8Array {
  return sha3_256(SHARE, set, Uint8Array.of(holder), share);
}

function checksumOf(body: Omit<BackupShare, 'checksum'>): Uint8Array {
  const { set, threshold, holder, share, digests } = body;
  return sha3_256(CHECK, set, Uint8Array.of(threshold, holder, digests.length), share, ...digests);
}
