import {
  boolean,
  bytesUpTo,
  decode,
  encode,
  type Infer,
  integer,
  list,
  oneOf,
  optional,
  type Result,
  struct,
  uint,
  union,
} from '@murmuration/core';
import { MAX_BATCH_BYTES } from '../quorum/batch.ts';
import { digestSchema, signatureBytesSchema, signedStatementSchema } from '../quorum/statement.ts';
import { aggregateSchema, shareSchema } from './certificates.ts';

const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
const MAX_REQUESTS = 1024;
/** More than anybody holds of one replica: two votes, its last proposals, what came early. */
const MAX_RECALLED = 32;

/**
 * Why a replica is in a view: Q gave up the view before (`view-change`, about that view), or Q voted in this one.
 * Who shows it takes others along.
 */
export const viewProofSchema = struct({
  phase: oneOf('prepare', 'commit', 'view-change'),
  height: uint,
  digest: digestSchema,
  certificate: aggregateSchema,
});

export type ViewProof = Infer<typeof viewProofSchema>;

/** A certificate of votes for a digest; its height is that of what it stands in. */
export const certifiedSchema = struct({ digest: digestSchema, certificate: aggregateSchema });

export type Certified = Infer<typeof certifiedSchema>;

/** The same, with its height. */
const certifiedAtSchema = struct({ height: integer(1), digest: digestSchema, certificate: aggregateSchema });

/** What the leader of a view proposed at a height, under its signature. */
export const seenSchema = struct({ view: uint, digest: digestSchema, signature: signatureBytesSchema });

const place = { epoch: uint, height: integer(1), view: uint };
/** `share` counts towards the certificate, `signature` (Ed25519, of the same statement) convicts. */
const vote = struct({ ...place, digest: digestSchema, share: shareSchema, signature: signatureBytesSchema });

/** Every message of the protocol. The numbers are the wire format. */
const MESSAGES = {
  1: [
    'propose',
    struct({
      ...place,
      payload: bytesUpTo(MAX_BATCH_BYTES),
      signature: signatureBytesSchema,
      /** The highest certificate that the leader knows at this height, of this payload; none where it knows none. */
      justify: optional(aggregateSchema),
      proof: optional(viewProofSchema),
    }),
  ],
  2: ['vote', vote],
  /** With the leader's signature under its proposal: who was shown another one has two. */
  3: [
    'prepare',
    struct({
      height: integer(1),
      digest: digestSchema,
      certificate: aggregateSchema,
      signature: signatureBytesSchema,
    }),
  ],
  4: ['vote2', vote],
  5: ['decide', struct({ height: integer(1), digest: digestSchema, certificate: aggregateSchema })],
  /** Gives up `view`. `seen`: what its leader proposed here at this height, in the view that it names. */
  6: [
    'timeout',
    struct({
      ...place,
      share: shareSchema,
      seen: optional(seenSchema),
    }),
  ],
  7: ['new-view', struct({ ...place, proof: optional(viewProofSchema), lock: optional(certifiedSchema) })],
  8: ['status', struct({ height: integer(1), view: uint })],
  9: ['fetch', struct({ height: integer(1) })],
  10: ['fetch-payload', struct({ height: integer(1), digest: digestSchema })],
  11: ['payload', struct({ height: integer(1), payload: bytesUpTo(MAX_BATCH_BYTES) })],
  /** `seen`: the proposal that became this block, where it was seen: who was shown another one has two. */
  12: [
    'block',
    struct({
      height: integer(1),
      payload: bytesUpTo(MAX_BATCH_BYTES),
      certificate: aggregateSchema,
      seen: optional(seenSchema),
    }),
  ],
  13: ['requests', struct({ again: boolean, requests: list(bytesUpTo(MAX_BATCH_BYTES), MAX_REQUESTS) })],
  14: ['enter', struct({ proof: viewProofSchema })],
  /** Two statements that one replica signed and no correct one signs together. */
  15: ['exposed', struct({ first: signedStatementSchema, second: signedStatementSchema })],
  /** After a boot: what do you hold of mine? */
  16: ['recall', struct({})],
  /** And the answer, with proofs of how far others are and what they are locked on. */
  17: [
    'recalled',
    struct({
      proof: optional(viewProofSchema),
      newest: optional(certifiedAtSchema),
      lock: optional(certifiedAtSchema),
      statements: list(signedStatementSchema, MAX_RECALLED),
    }),
  ],
} as const;

const messageSchema = union(MESSAGES);

/** The kinds, for tests that must miss none. */
export const HOTSTUFF2_KINDS: readonly string[] = Object.values(MESSAGES).map(([kind]) => kind);

export type Hotstuff2Message = Infer<typeof messageSchema>;
export type Hotstuff2MessageOf<Kind extends Hotstuff2Message['kind']> = Extract<Hotstuff2Message, { kind: Kind }>;

export function encodeHotstuff2Message(message: Hotstuff2Message): Uint8Array {
  return encode(messageSchema, message);
}

/** Reads bytes that another replica chose. */
export function decodeHotstuff2Message(wire: Uint8Array): Result<Hotstuff2Message> {
  return decode(messageSchema, wire, { maxBytes: MAX_MESSAGE_BYTES });
}
