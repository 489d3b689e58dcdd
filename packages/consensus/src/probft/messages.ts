import {
  bytes,
  bytesUpTo,
  decode,
  encode,
  type Infer,
  integer,
  list,
  optional,
  type Result,
  struct,
  uint,
  union,
} from '@murmuration/core';
import { VRF_PROOF_BYTES } from '@murmuration/crypto';
import { MAX_BATCH_BYTES } from '../quorum/batch.ts';
import { MAX_REPLICAS } from '../quorum/replica-set.ts';
import { digestSchema, replicaSchema, signatureBytesSchema, signedStatementSchema } from '../quorum/statement.ts';

const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;
const MAX_REQUESTS = 1024;
/** More than anybody holds of one replica. */
const MAX_RECALLED = 32;

/** A replica's vote in a certificate: its signature, and the proof that it had to go to the receiver. */
export const sampledVoteSchema = struct({
  replica: replicaSchema,
  proof: bytes(VRF_PROOF_BYTES),
  signature: signatureBytesSchema,
});

export type SampledVote = Infer<typeof sampledVoteSchema>;

/** The part of a new-leader message that is signed, by its digest. Not prepared: view 0, no votes. */
export const newLeaderBodySchema = struct({
  view: integer(2),
  preparedView: uint,
  preparedDigest: digestSchema,
  leaderSignature: signatureBytesSchema,
  votes: list(sampledVoteSchema, MAX_REPLICAS),
});

export type NewLeaderBody = Infer<typeof newLeaderBodySchema>;

const MAX_BODY_BYTES = 256 + MAX_REPLICAS * 160;
const place = { epoch: uint, height: integer(1), view: integer(1) };
const vote = struct({
  ...place,
  digest: digestSchema,
  leaderSignature: signatureBytesSchema,
  proof: bytes(VRF_PROOF_BYTES),
  signature: signatureBytesSchema,
});
const justificationSchema = struct({
  replica: replicaSchema,
  body: bytesUpTo(MAX_BODY_BYTES),
  signature: signatureBytesSchema,
});

export type Justification = Infer<typeof justificationSchema>;

export const certificateSchema = struct({
  epoch: uint,
  view: integer(1),
  receiver: replicaSchema,
  votes: list(sampledVoteSchema, MAX_REPLICAS),
});

export const MAX_CERTIFICATE_BYTES = 64 + MAX_REPLICAS * 160;

/** What a replica signed: a statement, and the proof of a sample where it is a vote. */
const recalledWordSchema = struct({ statement: signedStatementSchema, attached: bytesUpTo(VRF_PROOF_BYTES) });

export type RecalledWord = Infer<typeof recalledWordSchema>;

/** Every message of the protocol. The numbers are the wire format. */
const MESSAGES = {
  1: [
    'propose',
    struct({
      ...place,
      payload: bytesUpTo(MAX_BATCH_BYTES),
      signature: signatureBytesSchema,
      justification: list(justificationSchema, MAX_REPLICAS),
    }),
  ],
  2: ['prepare', vote],
  3: ['commit', vote],
  /** `payload`: what is prepared, or nothing. */
  4: [
    'new-leader',
    struct({
      epoch: uint,
      height: integer(1),
      body: bytesUpTo(MAX_BODY_BYTES),
      signature: signatureBytesSchema,
      payload: bytesUpTo(MAX_BATCH_BYTES),
    }),
  ],
  5: [
    'decided',
    struct({
      height: integer(1),
      payload: bytesUpTo(MAX_BATCH_BYTES),
      certificate: bytesUpTo(MAX_CERTIFICATE_BYTES),
    }),
  ],
  6: ['fetch', struct({ height: integer(1) })],
  7: ['requests', struct({ requests: list(bytesUpTo(MAX_BATCH_BYTES), MAX_REQUESTS) })],
  /** Two proposals that the leader signed for one view. */
  8: ['exposed', struct({ first: signedStatementSchema, second: signedStatementSchema })],
  /** After a boot: what do you hold of mine? */
  9: ['recall', struct({})],
  /** And the answer, with the newest decision for proof of how far others are. */
  10: [
    'recalled',
    struct({
      newest: optional(
        struct({ height: integer(1), digest: digestSchema, certificate: bytesUpTo(MAX_CERTIFICATE_BYTES) }),
      ),
      words: list(recalledWordSchema, MAX_RECALLED),
    }),
  ],
} as const;

const messageSchema = union(MESSAGES);

/** The kinds, for tests that must miss none. */
export const PROBFT_KINDS: readonly string[] = Object.values(MESSAGES).map(([kind]) => kind);

export type ProbftMessage = Infer<typeof messageSchema>;
export type ProbftMessageOf<Kind extends ProbftMessage['kind']> = Extract<ProbftMessage, { kind: Kind }>;

export function encodeProbftMessage(message: ProbftMessage): Uint8Array {
  return encode(messageSchema, message);
}

/** Reads bytes that another replica chose. */
export function decodeProbftMessage(wire: Uint8Array): Result<ProbftMessage> {
  return decode(messageSchema, wire, { maxBytes: MAX_MESSAGE_BYTES });
}
