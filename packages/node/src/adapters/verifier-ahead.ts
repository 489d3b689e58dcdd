import { utf8 } from '@murmuration/core';
import { ED25519_PUBLIC_KEY_BYTES, ED25519_SIGNATURE_BYTES, ed25519Verify, sha256 } from '@murmuration/crypto';
import type { SignatureCheck } from './verifier-batch.ts';
import type { VerifierPool } from './verifier-pool.ts';

/** Verdicts remembered until somebody asks: about 2 MB. The oldest is forgotten, and made again where it is wanted. */
const MAX_VERDICTS = 16_384;

/**
 * A synchronous verifier that is told beforehand what it will be asked. What the pool has answered by then costs a
 * look-up, everything else is checked on the spot: the verdict is the same either way, and nothing waits for it.
 */
export interface AheadVerifier {
  readonly verify: typeof ed25519Verify;
  /** Has the pool check these, with all others of this tick. A full pool drops them. Their bytes must not change. */
  ahead(checks: readonly SignatureCheck[]): void;
  /** Questions answered from memory so far. */
  readonly hits: number;
}

export function createAheadVerifier(pool: VerifierPool, maxVerdicts = MAX_VERDICTS): AheadVerifier {
  /** By check: undefined while the pool has it. */
  const verdicts = new Map<string, boolean | undefined>();
  let gathered: { readonly name: string; readonly check: SignatureCheck }[] = [];
  let hits = 0;

  async function ask(): Promise<void> {
    // What was wanted before its turn came has been checked on the spot.
    const wanted = gathered.filter(({ name }) => verdicts.has(name));
    gathered = [];
    const answer = await pool.verify(wanted.map(({ check }) => check));
    for (const [i, { name }] of wanted.entries()) {
      const verdict = answer.ok ? answer.value[i] : undefined;
      if (verdict === undefined) verdicts.delete(name);
      else if (verdicts.has(name)) verdicts.set(name, verdict);
    }
  }

  return {
    get hits() {
      return hits;
    },
    verify: (domain, message, signature, publicKey) => {
      if (verdicts.size === 0) return ed25519Verify(domain, message, signature, publicKey);
      const name = nameOf({ domain, message, signature, publicKey });
      const verdict = name === undefined ? undefined : verdicts.get(name);
      // Asked once: a signature is checked by a replica when what it signs takes effect.
      if (name !== undefined) verdicts.delete(name);
      if (verdict === undefined) return ed25519Verify(domain, message, signature, publicKey);
      hits += 1;
      return verdict;
    },
    ahead: (checks) => {
      for (const check of checks) {
        const name = nameOf(check);
        if (name === undefined || verdicts.has(name)) continue;
        verdicts.set(name, undefined);
        if (gathered.length === 0) setImmediate(() => void ask());
        gathered.push({ name, check });
      }
      for (const oldest of verdicts.keys()) {
        if (verdicts.size <= maxVerdicts) break;
        verdicts.delete(oldest);
      }
    },
  };
}

/** A hash of everything that the verdict depends on, or undefined where it takes no verifier to say no. */
function nameOf({ domain, message, signature, publicKey }: SignatureCheck): string | undefined {
  if (signature.length !== ED25519_SIGNATURE_BYTES || publicKey.length !== ED25519_PUBLIC_KEY_BYTES) return undefined;
  const name = utf8(domain);
  const digest = sha256(Uint8Array.of(name.length), name, signature, publicKey, message);
  return Buffer.from(digest.buffer).toString('latin1');
}
