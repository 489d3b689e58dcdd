import {
  accept,
  bytes,
  bytesUpTo,
  decodeCanonical,
  encode,
  equalBytes,
  oneOf,
  type Result,
  refuse,
  struct,
} from '@murmuration/core';
import { fromBitmap, toBitmap } from './bitmap.ts';
import { type AggregationPlan, MAX_MEMBERS } from './plan.ts';

const statementSchema = struct({
  /** Never taken for a roster. */
  kind: oneOf('survivors'),
  plan: bytes(32),
  sharers: bytesUpTo(MAX_MEMBERS / 8),
  survivors: bytesUpTo(MAX_MEMBERS / 8),
});

export interface SurvivorSets {
  /** Members whose shares were handed out. */
  readonly sharers: ReadonlySet<number>;
  /** Sharers whose masked vectors are in the sum. */
  readonly survivors: ReadonlySet<number>;
}

export type StatementRefusal = 'malformed-statement' | 'other-plan' | 'survivor-without-shares' | 'too-few-survivors';

/** The bytes that the swarm commits to before anyone reveals a share: one set of survivors for one plan. */
export function survivorStatement(plan: AggregationPlan, { sharers, survivors }: SurvivorSets): Uint8Array {
  const size = plan.members.length;
  return encode(statementSchema, {
    kind: 'survivors',
    plan: plan.digest,
    sharers: toBitmap(sharers, size),
    survivors: toBitmap(survivors, size),
  });
}

/** Reads a statement and holds it to what any group must satisfy; whether it is *committed* is the certificate's matter. */
export function readSurvivorStatement(
  plan: AggregationPlan,
  statement: Uint8Array,
): Result<SurvivorSets, StatementRefusal> {
  const decoded = decodeCanonical(statementSchema, statement);
  if (!decoded.ok) return refuse('malformed-statement', decoded.detail ?? decoded.reason);
  if (!equalBytes(decoded.value.plan, plan.digest)) return refuse('other-plan');
  const sharers = fromBitmap(decoded.value.sharers, plan.members.length);
  const survivors = fromBitmap(decoded.value.survivors, plan.members.length);
  if (sharers === undefined || survivors === undefined) return refuse('malformed-statement', 'a set of other members');
  for (const member of survivors) {
    if (!sharers.has(member)) return refuse('survivor-without-shares', `member ${member}`);
  }
  if (survivors.size < plan.minSurvivors) {
    return refuse('too-few-survivors', `${survivors.size} of ${plan.minSurvivors}`);
  }
  return accept({ sharers, survivors });
}
