import {
  accept,
  bytes,
  bytesUpTo,
  type DeviceId,
  decodeCanonical,
  encode,
  equalBytes,
  type Result,
  refuse,
  struct,
} from '@murmuration/core';
import { type GroupSum, groupResult } from '@murmuration/learning';
import { readSurvivorStatement, verifyStatementCertificate } from '@murmuration/privacy';
import type { RoundGroup, RoundGroups } from './round-groups.ts';

const MAX_STATEMENT_BYTES = 4096;
const MAX_CERTIFICATE_BYTES = 64 * 1024;
const MAX_SUM_BYTES = 64 * 1024 * 1024;

/** What stands for a group in a round: its sum, and the quorum's word on whose vectors are in it. */
const groupUpdateSchema = struct({
  /** Digest of the group's plan. */
  plan: bytes(32),
  statement: bytesUpTo(MAX_STATEMENT_BYTES),
  certificate: bytesUpTo(MAX_CERTIFICATE_BYTES),
  /** Integers of 32 bits, little-endian. */
  sum: bytesUpTo(MAX_SUM_BYTES),
});

/** The survivors of a group as its replicas committed to them. */
export interface CertifiedSurvivors {
  readonly statement: Uint8Array;
  readonly certificate: Uint8Array;
}

export function encodeGroupUpdate({ plan }: RoundGroup, survivors: CertifiedSurvivors, sum: Int32Array): Uint8Array {
  const words = new Uint8Array(4 * sum.length);
  const view = new DataView(words.buffer);
  for (const [i, value] of sum.entries()) view.setInt32(4 * i, value, true);
  return encode(groupUpdateSchema, { plan: plan.digest, ...survivors, sum: words });
}

/**
 * Reads a group's sum that `from` committed. Whether the sum is that of the members, nobody can tell: a lying aggregator
 * spoils its own group, as a lying member does.
 * @returns `not-an-aggregator`, `other-plan`, `wrong-length`, or why statement or certificate do not hold
 */
export function readGroupUpdate(round: RoundGroups, from: DeviceId, update: Uint8Array): Result<GroupSum> {
  const group = round.groups.find(({ aggregator }) => aggregator === from);
  if (group === undefined) return refuse('not-an-aggregator');
  const { plan } = group;
  const most = 4 * plan.length + MAX_STATEMENT_BYTES + MAX_CERTIFICATE_BYTES + 1024;
  const read = decodeCanonical(groupUpdateSchema, update, { maxBytes: most });
  if (!read.ok) return read;
  const { statement, certificate, sum: words } = read.value;
  if (!equalBytes(read.value.plan, plan.digest)) return refuse('other-plan');
  if (words.length !== 4 * plan.length) return refuse('wrong-length', `${words.length} bytes`);
  const sets = readSurvivorStatement(plan, statement);
  if (!sets.ok) return sets;
  const certified = verifyStatementCertificate(round.committee, statement, certificate);
  if (!certified.ok) return certified;
  const view = new DataView(words.buffer, words.byteOffset, words.byteLength);
  const sum = Int32Array.from({ length: plan.length }, (_, i) => view.getInt32(4 * i, true));
  const survivors = [...sets.value.survivors].sort((a, b) => a - b);
  return accept({ plan, result: groupResult(plan, sum, survivors) });
}
