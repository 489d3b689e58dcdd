import { type Infer, optional, struct, uint } from '@murmuration/core';
import { digestSchema } from '../quorum/statement.ts';
import { certifiedSchema, viewProofSchema } from './messages.ts';

/** What must outlive a crash: the view, and the own words at the height that is open. */
export const recordSchema = struct({
  height: uint,
  view: uint,
  proof: optional(viewProofSchema),
  /** The last view voted in at this height, and for what. */
  voted: optional(struct({ view: uint, digest: digestSchema })),
  /** The highest certificate known at this height. */
  lock: optional(certifiedSchema),
});

export type OwnRecord = Infer<typeof recordSchema>;

export const RECORD_KEY = 'hotstuff2';
