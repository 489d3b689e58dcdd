import { accept, bytes, bytesUpTo, encode, integer, refuse, struct } from '@murmuration/core';
import { type RangeItem, ranges } from '../bulletproofs/range.ts';
import { type Point, scalars } from '../group/group.ts';
import { type Opening, VALUE_BASE } from '../group/pedersen.ts';
import { sumOf } from '../group/vectors.ts';
import { MAX_COMMITMENTS, readCredential } from '../presentation/credential.ts';
import type { Predicate } from '../presentation/presentation.ts';
import { between } from './bounds.ts';

const ID = 'regulatory-compliance';
const MAX_U32 = 2 ** 32 - 1;

/** Public. */
export interface RegulatoryStatement {
  /** Ed25519 key of who keeps the privacy budget's ledger: trusted by the verifier. */
  readonly auditor: Uint8Array;
  /** Its credential over retention, cohort and the epsilon of each release. */
  readonly credential: Uint8Array;
  /** Names the data set and period: 32 bytes. */
  readonly dataset: Uint8Array;
  /** Cap of the sum of all releases' epsilon, in millionths: 0 to 2^32 - 1. */
  readonly maxEpsilonMicros: number;
  readonly maxRetentionDays: number;
  /** Least number of people in a cohort. */
  readonly minCohort: number;
}

/** Openings of the credential, in its order: retention in days, cohort, epsilon of each release in millionths. */
export interface RegulatorySecrets {
  readonly openings: readonly Opening[];
}

const schema = struct({
  auditor: bytes(32),
  credential: bytesUpTo(4096),
  dataset: bytes(32),
  maxEpsilonMicros: integer(0, MAX_U32),
  maxRetentionDays: integer(0, MAX_U32),
  minCohort: integer(0, MAX_U32),
});

/**
 * The auditor signed, for this holder and data set, commitments to retention, cohort and 1 to 70 releases' epsilon, and
 * 1. the sum of the releases' epsilon is from 0 to `maxEpsilonMicros`,
 * 2. retention is from 0 to `maxRetentionDays`,
 * 3. the cohort is at least `minCohort` (and at most 2^32 - 1).
 *
 * That these are all releases, each epsilon is not negative, and the data is deleted in time is the auditor's word,
 * not proven. The number of releases is public.
 */
export const regulatoryCompliance: Predicate<RegulatoryStatement, RegulatorySecrets> = {
  id: ID,
  statementBytes: (statement) => encode(schema, statement),
  read: ({ auditor, credential, dataset, maxEpsilonMicros, maxRetentionDays, minCohort }, secrets) => {
    const isBound = (value: number) => Number.isInteger(value) && value >= 0 && value <= MAX_U32;
    if (![maxEpsilonMicros, maxRetentionDays, minCohort].every(isBound)) return refuse('bad-statement', 'a bound');
    const attested = readCredential(credential, auditor, { predicate: ID, subject: dataset });
    if (!attested.ok) return attested;
    const { holder, commitments } = attested.value;
    if (commitments.length < 3 || commitments.length > MAX_COMMITMENTS) return refuse('bad-credential', 'no releases');
    const [retention, cohort, ...releases] = commitments as [Point, Point, ...Point[]];
    const [ofRetention, ofCohort, ...ofReleases] = secrets?.openings ?? [];
    const items = [
      leftOfCap(releases, BigInt(maxEpsilonMicros), secrets && ofReleases),
      between(retention, 0n, BigInt(maxRetentionDays), ofRetention),
      between(cohort, BigInt(minCohort), BigInt(MAX_U32), ofCohort),
    ];
    return accept({ holder, subject: dataset, clauses: [ranges('budget, retention and cohort', items)] });
  },
  falseClause: ({ maxEpsilonMicros, maxRetentionDays, minCohort }, { openings }) => {
    const [retention, cohort, ...releases] = openings.map(({ value }) => value);
    if (sumOf(releases) > maxEpsilonMicros) return 'the releases spent more than the cap';
    if (retention === undefined || retention > maxRetentionDays) return 'retention is too long';
    if (cohort === undefined || cohort < minCohort) return 'the cohort is too small';
    return cohort > MAX_U32 ? 'the cohort is no number of 32 bits' : undefined;
  },
};

/** "cap - Σ released is from 0 to cap", by adding commitments up. */
function leftOfCap(releases: readonly Point[], cap: bigint, openings?: readonly Opening[]): RangeItem {
  const commitment = [
    { scalar: cap, point: VALUE_BASE },
    ...releases.map((point) => ({ scalar: scalars.neg(1n), point })),
  ];
  if (openings === undefined) return { commitment, max: cap };
  const value = scalars.sub(cap, sumOf(openings.map((opening) => opening.value)));
  const blinding = scalars.neg(sumOf(openings.map((opening) => opening.blinding)));
  return { commitment, max: cap, opening: { value, blinding } };
}
