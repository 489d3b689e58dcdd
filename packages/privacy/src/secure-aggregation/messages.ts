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
  union,
} from '@murmuration/core';
import { AGREEMENT_CIPHERTEXT_BYTES, AGREEMENT_PUBLIC_KEY_BYTES, ED25519_SIGNATURE_BYTES } from '@murmuration/crypto';
import { MAX_LENGTH, MAX_MEMBERS } from './plan.ts';
import { MAX_ROSTER_BYTES } from './roster.ts';

/** Neighbours of a member at most. */
const MAX_NEAR = 254;
/** A share of each secret, sealed. */
export const BOX_BYTES = 32 + 32 + 16;
/** Of a holder's share of each secret: self ‖ pair. */
const DIGESTS_BYTES = 32 + 32;
const MAX_CERTIFICATE_BYTES = 2 ** 20;

/** A point for each of 64 projections. */
const MAX_COMMITMENTS_BYTES = 64 * 32;
const MAX_PROOF_BYTES = 2 ** 14;

const member = integer(0, MAX_MEMBERS - 1);
const publicKey = bytes(AGREEMENT_PUBLIC_KEY_BYTES);
const signature = bytes(ED25519_SIGNATURE_BYTES);
const ciphertext = bytes(AGREEMENT_CIPHERTEXT_BYTES);

/** What a client sends: its key; ciphertexts for half of its pairs; shares; the masked vector; shares of others; and a norm proof. */
const fromClient = union({
  1: ['keys', struct({ publicKey, signature })],
  2: ['ciphertexts', struct({ ciphertexts: list(struct({ to: member, ciphertext }), MAX_NEAR) })],
  3: [
    'shares',
    struct({
      /** SHA3-256 of each secret. */
      selfCommitment: bytes(32),
      pairCommitment: bytes(32),
      /** Seeds of its pairs, in the order of the boxes, under a key from the pair secret. */
      recovery: bytesUpTo(32 * MAX_NEAR + 16),
      /** Of the shares that the member itself holds, and in each box: a false share is told from a right one. */
      own: bytes(DIGESTS_BYTES),
      boxes: list(struct({ to: member, box: bytes(BOX_BYTES), digests: bytes(DIGESTS_BYTES) }), MAX_NEAR),
    }),
  ],
  4: ['masked', struct({ words: bytesUpTo(4 * MAX_LENGTH) })],
  5: ['reveal', struct({ shares: list(struct({ of: member, share: bytes(32) }), MAX_NEAR + 1) })],
  6: [
    'norm-proof',
    struct({
      /** To the projections of its own mask, and of that of each neighbour that shared, ascending. */
      self: bytesUpTo(MAX_COMMITMENTS_BYTES),
      pairs: list(struct({ with: member, commitments: bytesUpTo(MAX_COMMITMENTS_BYTES) }), MAX_NEAR),
      proof: bytesUpTo(MAX_PROOF_BYTES),
    }),
  ],
});

/** What the server answers, each to the message before. */
const fromServer = union({
  1: ['roster', struct({ entries: list(struct({ member, publicKey, signature }), MAX_NEAR) })],
  2: ['pairs', struct({ entries: list(struct({ from: member, ciphertext: optional(ciphertext) }), MAX_NEAR) })],
  3: ['boxes', struct({ entries: list(struct({ from: member, box: bytes(BOX_BYTES) }), MAX_NEAR) })],
  4: ['survivors', struct({ statement: bytesUpTo(2048), certificate: bytesUpTo(MAX_CERTIFICATE_BYTES) })],
  5: [
    'committed-roster',
    struct({
      entries: list(struct({ member, publicKey }), MAX_NEAR),
      statement: bytesUpTo(MAX_ROSTER_BYTES),
      certificate: bytesUpTo(MAX_CERTIFICATE_BYTES),
    }),
  ],
  6: ['challenge', struct({ challenge: bytes(32) })],
});

export type ClientMessage = Infer<typeof fromClient>;
export type ServerMessage = Infer<typeof fromServer>;
export type MessageOf<M, Kind> = Extract<M, { readonly kind: Kind }>;

export function encodeClientMessage(message: ClientMessage): Uint8Array {
  return encode(fromClient, message);
}

export function encodeServerMessage(message: ServerMessage): Uint8Array {
  return encode(fromServer, message);
}

/** @param length numbers in a vector of the plan: nothing much larger is looked at */
export function readClientMessage(wire: Uint8Array, length: number): Result<ClientMessage> {
  return decode(fromClient, wire, { maxBytes: 4 * length + 2 ** 19 });
}

export function readServerMessage(wire: Uint8Array): Result<ServerMessage> {
  return decode(fromServer, wire, { maxBytes: 2 * MAX_CERTIFICATE_BYTES });
}
