import { accept, bytes, bytesUpTo, encode, integer, refuse, struct } from '@murmuration/core';
import { ranges } from '../bulletproofs/range.ts';
import type { Point } from '../group/group.ts';
import type { Opening } from '../group/pedersen.ts';
import { readCredential } from '../presentation/credential.ts';
import type { Predicate } from '../presentation/presentation.ts';
import { between } from './bounds.ts';

const ID = 'content-class';
const MAX_SCORE = 2 ** 32 - 1;
const MAX_PROHIBITED = 16;

/** Public. Scores are integers from 0 to 2^32 - 1. */
export interface ContentClassStatement {
  /** Ed25519 key of the classifier: trusted by the verifier. */
  readonly classifier: Uint8Array;
  /** Its credential over the scores. */
  readonly credential: Uint8Array;
  /** SHA3-256 of the content. */
  readonly content: Uint8Array;
  /** Least score of the allowed class. */
  readonly minAllowed: number;
  /** Largest score of each prohibited class. */
  readonly maxProhibited: number;
}

/** Openings of the credential, in its order: allowed class, prohibited classes. */
export interface ContentClassSecrets {
  readonly openings: readonly Opening[];
}

const schema = struct({
  classifier: bytes(32),
  credential: bytesUpTo(4096),
  content: bytes(32),
  minAllowed: integer(0, MAX_SCORE),
  maxProhibited: integer(0, MAX_SCORE),
});

/**
 * The classifier signed, for this holder and content, commitments to one score of the allowed class and 1 to 16 of
 * prohibited classes, and
 * 1. the allowed class's score is at least `minAllowed` (and at most 2^32 - 1),
 * 2. each prohibited class's score is from 0 to `maxProhibited`.
 *
 * That the scores come from a run of the classifier on this content is the classifier's word, not proven.
 */
export const contentClass: Predicate<ContentClassStatement, ContentClassSecrets> = {
  id: ID,
  statementBytes: (statement) => encode(schema, statement),
  read: ({ classifier, credential, content, minAllowed, maxProhibited }, secrets) => {
    const isScore = (value: number) => Number.isInteger(value) && value >= 0 && value <= MAX_SCORE;
    if (!isScore(minAllowed) || !isScore(maxProhibited)) return refuse('bad-statement', 'a bound is no score');
    const attested = readCredential(credential, classifier, { predicate: ID, subject: content });
    if (!attested.ok) return attested;
    const { holder, commitments } = attested.value;
    if (commitments.length < 2 || commitments.length > 1 + MAX_PROHIBITED) {
      return refuse('bad-credential', `not 2 to ${1 + MAX_PROHIBITED} scores`);
    }
    const [allowed, ...prohibited] = commitments as [Point, ...Point[]];
    const opening = (i: number) => secrets?.openings[i];
    const items = [
      between(allowed, BigInt(minAllowed), BigInt(MAX_SCORE), opening(0)),
      ...prohibited.map((point, i) => between(point, 0n, BigInt(maxProhibited), opening(1 + i))),
    ];
    return accept({ holder, subject: content, clauses: [ranges('scores are within their bounds', items)] });
  },
  falseClause: ({ minAllowed, maxProhibited }, { openings }) => {
    const [allowed, ...prohibited] = openings;
    if (allowed === undefined || allowed.value < minAllowed) return 'the allowed class scores too little';
    if (allowed.value > MAX_SCORE) return 'the allowed class has no score of 32 bits';
    return prohibited.some(({ value }) => value > maxProhibited) ? 'a prohibited class scores too much' : undefined;
  },
};
