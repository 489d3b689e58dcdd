import { commandSignature, readCommand } from '@murmuration/ledger';
import type { AheadVerifier } from '../adapters/verifier-ahead.ts';
import type { Chain } from './chain.ts';

/**
 * Tells a verifier which signatures the ledger is about to ask for. A guess: where a sender's key has changed by the
 * time its command takes effect, the ledger asks for another, which is checked on the spot.
 */
export function lookAhead(
  verifier: AheadVerifier,
  chain: Pick<Chain, 'ledger' | 'chainId'>,
): (requests: readonly Uint8Array[]) => void {
  return (requests) => {
    const checks = requests.flatMap((request) => {
      const read = readCommand(request);
      const key = read.ok ? chain.ledger.device(read.value.device)?.key : undefined;
      return read.ok && key !== undefined ? [commandSignature(read.value, chain.chainId, key)] : [];
    });
    verifier.ahead(checks);
  };
}
