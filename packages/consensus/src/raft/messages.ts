import {
  boolean,
  bytesUpTo,
  decode,
  encode,
  type Infer,
  integer,
  list,
  type Result,
  struct,
  uint,
  union,
} from '@murmuration/core';
import { MAX_BATCH_BYTES } from '../quorum/batch.ts';
import { entrySchema } from './log.ts';
import { membersSchema } from './members.ts';

const MAX_ENTRIES = 4096;
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

/** Every message of the protocol. The numbers are the wire format. `round` confirms reads (thesis §6.4). */
const messageSchema = union({
  1: [
    'append',
    struct({ term: uint, prevIndex: uint, prevTerm: uint, entries: list(entrySchema, MAX_ENTRIES), commit: uint }),
  ],
  2: ['appended', struct({ term: uint, match: uint })],
  /** `hint`: the follower's last index whose term is at most the one asked for, with its term. */
  3: ['rejected', struct({ term: uint, prevIndex: uint, hintIndex: uint, hintTerm: uint })],
  4: ['heartbeat', struct({ term: uint, commit: uint, round: uint })],
  5: ['alive', struct({ term: uint, round: uint })],
  /** `pre`: asks whether a campaign in `term` would be heard, without starting one. `transfer`: the leader asked for it. */
  6: ['vote', struct({ term: integer(1), pre: boolean, transfer: boolean, lastIndex: uint, lastTerm: uint })],
  7: ['voted', struct({ term: uint, pre: boolean, granted: boolean })],
  8: [
    'snapshot',
    struct({
      term: uint,
      index: integer(1),
      lastTerm: uint,
      members: membersSchema,
      size: uint,
      offset: uint,
      data: bytesUpTo(MAX_BATCH_BYTES),
    }),
  ],
  9: ['snapshot-received', struct({ term: uint, index: uint, offset: uint })],
  10: ['timeout-now', struct({ term: uint })],
  11: ['requests', struct({ requests: list(bytesUpTo(MAX_BATCH_BYTES), MAX_ENTRIES) })],
  12: ['read', struct({ id: uint })],
  13: ['readable', struct({ term: uint, id: uint, height: uint })],
  /** What is new to be committed, without an answer. */
  14: ['commit', struct({ term: uint, commit: uint })],
});

export type RaftMessage = Infer<typeof messageSchema>;
export type RaftMessageOf<Kind extends RaftMessage['kind']> = Extract<RaftMessage, { kind: Kind }>;

export function encodeRaftMessage(message: RaftMessage): Uint8Array {
  return encode(messageSchema, message);
}

/** Reads bytes that another member chose. */
export function decodeRaftMessage(wire: Uint8Array): Result<RaftMessage> {
  return decode(messageSchema, wire, { maxBytes: MAX_MESSAGE_BYTES });
}
