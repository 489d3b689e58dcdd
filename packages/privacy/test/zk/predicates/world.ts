import { createSigner, ed25519KeyPair } from '@murmuration/crypto';
import { issueCredential } from '../../../src/zk/presentation/credential.ts';
import { createHolderKey, holderCommitment } from '../../../src/zk/presentation/holder.ts';
import {
  type Audience,
  type Predicate,
  presentUnchecked,
  verifyPresentation,
} from '../../../src/zk/presentation/presentation.ts';
import { ReplayGuard } from '../../../src/zk/presentation/replay-guard.ts';
import { seededEntropy } from '../world.ts';

export const entropy = seededEntropy('predicates');
export const audience: Audience = { verifier: new Uint8Array(32).fill(9), epoch: 4 };
export const key = createHolderKey(entropy);
export const holder = holderCommitment(key);
export const attesterKeys = ed25519KeyPair(new Uint8Array(32).fill(3));
export const subject = new Uint8Array(32).fill(1);

/** A credential of the attester over these values. */
export function attested(predicate: string, values: readonly bigint[]) {
  return issueCredential(createSigner(attesterKeys.secretKey), { predicate, subject, holder }, values, entropy);
}

export function guardOf(given: Audience = audience): ReplayGuard {
  return new ReplayGuard(given);
}

/** Proves whether true or not, and says what the verifier answers. */
export function attempt<S, W>(predicate: Predicate<S, W>, statement: S, secrets: W, proverKey = key): string {
  const bytes = presentUnchecked(predicate, statement, secrets, proverKey, audience, entropy);
  return answer(predicate, statement, bytes);
}

export function answer<S, W>(predicate: Predicate<S, W>, statement: S, bytes: Uint8Array, guard = guardOf()): string {
  const result = verifyPresentation(predicate, statement, bytes, guard);
  return result.ok ? 'holds' : result.reason;
}
