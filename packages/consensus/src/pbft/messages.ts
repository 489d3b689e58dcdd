import {
  boolean,
  bytesUpTo,
  decode,
  encode,
  type Infer,
  integer,
  list,
  type Result,
  refuse,
  type Schema,
  struct,
  uint,
  union,
} from '@murmuration/core';
import { MAX_BATCH_BYTES } from '../quorum/batch.ts';
import { MAX_REPLICAS } from '../quorum/replica-set.ts';
import {
  digestSchema,
  replicaSchema,
  signatureBytesSchema,
  signatureSchema,
  signedStatementSchema,
} from '../quorum/statement.ts';

/** Heights that one view change may speak of: no log window is longer. */
export const MAX_LOG_WINDOW = 1024;
/** A new-view of a large set with a full window. */
export const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
const MAX_CERTIFICATE_BYTES = 32 + MAX_REPLICAS * 72;
const MAX_CLAIMS_BYTES = 256 + MAX_LOG_WINDOW * 104;

const height = integer(1);
const certificateBytes = bytesUpTo(MAX_CERTIFICATE_BYTES);
const vote = { epoch: uint, view: uint, height, digest: digestSchema, signature: signatureBytesSchema };

/**
 * What the sender of a view-change holds at a height: `prepare` with a prepared certificate, `commit` with a commit
 * certificate, of the highest view it has one for. Names its proof by digest: the signer answers for that too.
 */
const claimSchema = struct({ height, view: uint, decided: boolean, digest: digestSchema, proof: digestSchema });

/** The signatures that prove a claim: Q of them, ascending. */
export const proofSchema = struct({
  height,
  view: uint,
  decided: boolean,
  digest: digestSchema,
  signatures: list(signatureSchema, MAX_REPLICAS),
});

/** The part of a view-change that its signature covers, by its digest. Claims ascend by height. `stableProof`: of the certificate. */
export const viewChangeBodySchema = struct({
  view: integer(1),
  stableHeight: uint,
  stableDigest: digestSchema,
  stableProof: digestSchema,
  claims: list(claimSchema, MAX_LOG_WINDOW),
});

/** The part of a new-view that its signature covers, by its digest. All lists ascend. */
export const newViewBodySchema = struct({
  view: integer(1),
  viewChanges: list(
    struct({ replica: replicaSchema, body: bytesUpTo(MAX_CLAIMS_BYTES), signature: signatureBytesSchema }),
    MAX_REPLICAS,
  ),
  stableCertificate: certificateBytes,
  proofs: list(proofSchema, MAX_LOG_WINDOW),
  proposals: list(struct({ height, digest: digestSchema, signature: signatureBytesSchema }), MAX_LOG_WINDOW),
});

/** Every message of the protocol. The numbers are the wire format. */
const MESSAGES = {
  1: ['pre-prepare', struct({ ...vote, payload: bytesUpTo(MAX_BATCH_BYTES) })],
  2: ['prepare', struct(vote)],
  3: ['commit', struct(vote)],
  4: ['checkpoint', struct({ epoch: uint, height, digest: digestSchema, signature: signatureBytesSchema })],
  5: [
    'view-change',
    struct({
      epoch: uint,
      body: bytesUpTo(MAX_CLAIMS_BYTES),
      signature: signatureBytesSchema,
      stableCertificate: certificateBytes,
      proofs: list(proofSchema, MAX_LOG_WINDOW),
    }),
  ],
  6: ['new-view', struct({ epoch: uint, body: bytesUpTo(MAX_MESSAGE_BYTES), signature: signatureBytesSchema })],
  /** Unsigned hints; whoever acts on them sends proofs. `stalled`: work is waiting and nothing moves. */
  7: ['status', struct({ view: uint, changing: boolean, committed: uint, stable: uint, stalled: boolean })],
  /** A commit for a replica that missed it. */
  8: ['decided', struct({ height, payload: bytesUpTo(MAX_BATCH_BYTES), certificate: certificateBytes })],
  9: ['fetch', struct({ height, digest: digestSchema })],
  10: ['payload', struct({ height, payload: bytesUpTo(MAX_BATCH_BYTES) })],
  /** `again`: they have waited at the sender for a while. `stamp`: each is taken once, see `ReplayWindow`. */
  11: ['requests', struct({ stamp: uint, again: boolean, requests: list(bytesUpTo(MAX_BATCH_BYTES), MAX_LOG_WINDOW) })],
  /** Signed statements of others at one (view, height), so that whoever holds a conflicting one has both. */
  12: ['witness', struct({ statements: list(signedStatementSchema, 3 * MAX_REPLICAS) })],
  /** A stable checkpoint for a replica that is behind it. */
  13: ['stable', struct({ height, digest: digestSchema, certificate: certificateBytes })],
  /** After a boot: what do you hold of mine? And the answer. */
  14: ['recall', struct({})],
  15: ['recalled', struct({ statements: list(signedStatementSchema, MAX_LOG_WINDOW + 2) })],
} as const;

const messageSchema = union(MESSAGES);

/** The kinds, for tests that must miss none. */
export const MESSAGE_KINDS: readonly string[] = Object.values(MESSAGES).map(([kind]) => kind);

export type Message = Infer<typeof messageSchema>;
export type MessageOf<Kind extends Message['kind']> = Extract<Message, { kind: Kind }>;
export type Vote = Infer<Schema<Omit<MessageOf<'prepare'>, 'kind'>>>;
export type Claim = Infer<typeof claimSchema>;
export type Proof = Infer<typeof proofSchema>;
export type ViewChangeBody = Infer<typeof viewChangeBodySchema>;
export type NewViewBody = Infer<typeof newViewBodySchema>;

export function encodeMessage(message: Message): Uint8Array {
  return encode(messageSchema, message);
}

/** Reads bytes that another replica chose. Copies them, so that nothing kept pins a socket's buffer. */
export function decodeMessage(wire: Uint8Array): Result<Message> {
  if (wire.length > MAX_MESSAGE_BYTES) return refuse('too-large', `${wire.length} bytes, at most ${MAX_MESSAGE_BYTES}`);
  return decode(messageSchema, new Uint8Array(wire), { maxBytes: MAX_MESSAGE_BYTES });
}
