import {
  accept,
  bytes,
  bytesUpTo,
  decodeCanonical,
  type Entropy,
  encode,
  equalBytes,
  list,
  type Result,
  refuse,
  struct,
  text,
} from '@murmuration/core';
import { ed25519Verify, type Signer } from '@murmuration/crypto';
import { decodePoint, type ElementRefusal, POINT_BYTES, type Point } from '../group/group.ts';
import { commit, type Opening, openingOf } from '../group/pedersen.ts';

const DOMAIN = 'murmuration/zk/credential/v1';
export const MAX_COMMITMENTS = 72;
const MAX_BYTES = 4096;

const bodySchema = struct({
  predicate: text(64),
  subject: bytes(32),
  holder: bytes(POINT_BYTES),
  commitments: list(bytes(POINT_BYTES), MAX_COMMITMENTS),
});
const credentialSchema = struct({ body: bytesUpTo(MAX_BYTES), signature: bytes(64) });

/** What an attester vouches for: that these commitments hold what it measured, for this holder and subject. */
export interface Credential {
  readonly holder: Point;
  readonly commitments: readonly Point[];
}

export type CredentialRefusal = ElementRefusal | 'bad-credential' | 'wrong-signature' | 'wrong-subject';

/**
 * Commits to the values and signs the commitments.
 * @param holder 32 bytes, from `holderCommitment`
 * @returns the credential, public; and what opens its commitments, for the holder alone
 */
export function issueCredential(
  signer: Signer,
  about: { readonly predicate: string; readonly subject: Uint8Array; readonly holder: Uint8Array },
  values: readonly bigint[],
  entropy: Entropy,
): { readonly credential: Uint8Array; readonly openings: readonly Opening[] } {
  const openings = values.map((value) => openingOf(value, entropy));
  const commitments = openings.map((opening) => commit(opening).toBytes());
  const body = encode(bodySchema, { ...about, commitments });
  return { credential: encode(credentialSchema, { body, signature: signer.sign(DOMAIN, body) }), openings };
}

/** Shape, signature, subject, points. Never throws for what a peer chose. */
export function readCredential(
  wire: Uint8Array,
  attester: Uint8Array,
  about: { readonly predicate: string; readonly subject: Uint8Array },
): Result<Credential, CredentialRefusal> {
  const outer = decodeCanonical(credentialSchema, wire, { maxBytes: MAX_BYTES });
  if (!outer.ok) return refuse('bad-credential', outer.reason);
  const { body, signature } = outer.value;
  if (!ed25519Verify(DOMAIN, body, signature, attester)) return refuse('wrong-signature');
  const inner = decodeCanonical(bodySchema, body, { maxBytes: MAX_BYTES });
  if (!inner.ok) return refuse('bad-credential', inner.reason);
  const { predicate, subject, holder, commitments } = inner.value;
  if (predicate !== about.predicate || !equalBytes(subject, about.subject)) return refuse('wrong-subject');
  const points: Point[] = [];
  for (const encoded of [holder, ...commitments]) {
    const point = decodePoint(encoded);
    if (typeof point === 'string') return refuse(point);
    points.push(point);
  }
  return accept({ holder: points[0] as Point, commitments: points.slice(1) });
}
