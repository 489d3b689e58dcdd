import { fromHex, type Result, refuse } from '@murmuration/core';
import { type Finding, verifyEvidenceBundle } from '@murmuration/ledger';

export type { Finding };

export interface VerifyOptions {
  /** Chain that the reader trusts, hex (`swarm.id` of a snapshot); a bundle of another one is refused. @default any */
  readonly chainId?: string | undefined;
}

/**
 * Checks an evidence bundle with nothing but its own bytes: offline, in browsers too. The server that sent it is not
 * trusted: a bundle that it made up is refused with a reason.
 */
export function verifyEvidence(bundle: Uint8Array, { chainId }: VerifyOptions = {}): Result<Finding> {
  if (chainId === undefined) return verifyEvidenceBundle(bundle);
  const bytes = fromHex(chainId);
  return bytes === undefined ? refuse('bad-chain-id', 'not hex') : verifyEvidenceBundle(bundle, { chainId: bytes });
}
