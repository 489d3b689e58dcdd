import { equalBytes } from '@murmuration/core';
import type { ViewChangeBody } from '../pbft/messages.ts';
import type { Claim } from '../qbft/messages.ts';

/** What a replica prepared, and said so by its commit. */
export interface Lock {
  readonly view: number;
  readonly height: number;
  readonly digest: Uint8Array;
}

/**
 * Whether a replica that signed a commit by `lock` cannot honestly sign this view-change for a later view: it knows
 * neither a stable checkpoint nor a decision nor a later prepared batch there, nor the one of the lock. A correct
 * replica's prepared certificate is durable before its commit leaves, and is given up for those alone.
 * @see Sheng et al., BFT Protocol Forensics (CCS'21), for PBFT with signatures: these two convict f + 1 replicas
 * after any breach of agreement across views
 */
export function forgets(body: ViewChangeBody, lock: Lock): boolean {
  if (body.view <= lock.view || body.stableHeight >= lock.height) return false;
  const claim = body.claims.find(({ height }) => height === lock.height);
  if (claim === undefined) return true;
  if (claim.decided || claim.view > lock.view) return false;
  return claim.view < lock.view || !equalBytes(claim.digest, lock.digest);
}

/**
 * The same of QBFT: whether a replica that committed by `lock`, whose view is its round, cannot honestly claim this on
 * entering a later round of that height. (pr, pv) is durable before the commit leaves, and only a later round replaces it.
 */
export function forgetsRound(round: number, claim: Claim, lock: Lock): boolean {
  if (round <= lock.view || claim.preparedRound > lock.view) return false;
  return claim.preparedRound < lock.view || !equalBytes(claim.preparedDigest, lock.digest);
}
