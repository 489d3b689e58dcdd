import { type Infer, optional, struct, uint } from '@murmuration/core';
import { digestSchema, signatureBytesSchema } from '../quorum/statement.ts';
import { certifiedSchema, viewProofSchema } from './messages.ts';

/** What must outlive a crash: the view, and the own words at the height that is open. */
export const recordSchema = struct({
  height: uint,
  view: uint,
  proof: optional(viewProofSchema),
  /** The last view voted in at this height, for what, and its leader's signature, where that is known. */
  voted: optional(struct({ view: uint, digest: digestSchema, proposal: optional(signatureBytesSchema) })),
  /** The highest certificate known at this height. */
  lock: optional(certifiedSchema),
});

export type OwnRecord = Infer<typeof recordSchema>;

export const RECORD_KEY = 'hotstuff2';
