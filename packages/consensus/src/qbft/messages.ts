import {
  boolean,
  bytesUpTo,
  decode,
  decodeCanonical,
  encode,
  type Infer,
  integer,
  list,
  optional,
  type Result,
  refuse,
  struct,
  uint,
  union,
} from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { MAX_BATCH_BYTES } from '../quorum/batch.ts';
import { MAX_REPLICAS } from '../quorum/replica-set.ts';
import {
  digestSchema,
  replicaSchema,
  signatureBytesSchema,
  signatureSchema,
  signedStatementSchema,
} from '../quorum/statement.ts';

/** A batch with the justification of a large set. */
const MAX_MESSAGE_BYTES = MAX_BATCH_BYTES + 64 * 1024;
const MAX_CERTIFICATE_BYTES = 64 + MAX_REPLICAS * 72;
const MAX_REQUESTS = 1024;
/** More than anybody holds of one replica: a word at each height around, its round-change, what came early. */
const MAX_RECALLED = 64;

const place = { epoch: uint, height: integer(1), round: integer(1) };
const vote = struct({ ...place, digest: digestSchema, signature: signatureBytesSchema });
const payload = bytesUpTo(MAX_BATCH_BYTES);
const prepares = list(signatureSchema, MAX_REPLICAS);

/** (pr, pv) of a round-change: the highest round that its sender prepared in, 0 for none, and the digest of the value. */
const claimSchema = struct({ preparedRound: uint, preparedDigest: digestSchema });

export type Claim = Infer<typeof claimSchema>;

/** What a round-change signs besides its place. */
export function claimDigest(claim: Claim): Uint8Array {
  return sha3_256(encodeClaim(claim));
}

export function encodeClaim({ preparedRound, preparedDigest }: Claim): Uint8Array {
  return encode(claimSchema, { preparedRound, preparedDigest });
}

export function decodeClaim(wire: Uint8Array): Result<Claim> {
  return decodeCanonical(claimSchema, wire, { maxBytes: 64 });
}

/** A round-change as a proposal quotes it. */
const quotedSchema = struct({
  replica: replicaSchema,
  preparedRound: uint,
  preparedDigest: digestSchema,
  signature: signatureBytesSchema,
});

export type QuotedRoundChange = Infer<typeof quotedSchema>;

/** Every message of the protocol. The numbers are the wire format. */
const MESSAGES = {
  /** Above round 1: the round-changes that justify it, and Q prepares of the highest round prepared among them. */
  1: [
    'proposal',
    struct({
      ...place,
      payload,
      signature: signatureBytesSchema,
      roundChanges: list(quotedSchema, MAX_REPLICAS),
      prepares,
    }),
  ],
  2: ['prepare', vote],
  3: ['commit', vote],
  /** `prepares` prove the claim, `payload` is its value: both empty where nothing is prepared. */
  4: [
    'round-change',
    struct({
      epoch: uint,
      height: integer(1),
      round: integer(2),
      preparedRound: uint,
      preparedDigest: digestSchema,
      signature: signatureBytesSchema,
      prepares,
      payload,
    }),
  ],
  /** A commit for a replica that missed it. */
  5: ['decided', struct({ height: integer(1), payload, certificate: bytesUpTo(MAX_CERTIFICATE_BYTES) })],
  /** The sender lacks this height and whatever follows. */
  6: ['fetch', struct({ height: integer(1) })],
  /** `again`: they have waited at the sender for a while. */
  7: ['requests', struct({ again: boolean, requests: list(payload, MAX_REQUESTS) })],
  /** Signed statements of others at one (height, round), so that whoever holds a conflicting one has both. */
  8: ['witness', struct({ statements: list(signedStatementSchema, 3 * MAX_REPLICAS) })],
  /** After a boot: what do you hold of mine? */
  9: ['recall', struct({})],
  /** And the answer, with the newest decision for proof of how far others are. */
  10: [
    'recalled',
    struct({
      newest: optional(
        struct({ height: integer(1), digest: digestSchema, certificate: bytesUpTo(MAX_CERTIFICATE_BYTES) }),
      ),
      statements: list(signedStatementSchema, MAX_RECALLED),
    }),
  ],
} as const;

const messageSchema = union(MESSAGES);

/** The kinds, for tests that must miss none. */
export const QBFT_KINDS: readonly string[] = Object.values(MESSAGES).map(([kind]) => kind);

export type QbftMessage = Infer<typeof messageSchema>;
export type QbftMessageOf<Kind extends QbftMessage['kind']> = Extract<QbftMessage, { kind: Kind }>;

export function encodeQbftMessage(message: QbftMessage): Uint8Array {
  return encode(messageSchema, message);
}

/** Reads bytes that another replica chose. */
export function decodeQbftMessage(wire: Uint8Array): Result<QbftMessage> {
  if (wire.length > MAX_MESSAGE_BYTES) return refuse('too-large', `${wire.length} bytes, at most ${MAX_MESSAGE_BYTES}`);
  return decode(messageSchema, wire, { maxBytes: MAX_MESSAGE_BYTES });
}
