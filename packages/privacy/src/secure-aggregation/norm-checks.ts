import { accept, equalBytes, type Result, refuse } from '@murmuration/core';
import { subtractWords } from '@murmuration/kernels';
import type { Point } from '../zk/group/group.ts';
import { type MaskedNormStatement, readMaskedNorm } from '../zk/predicates/masked-norm.ts';
import { allHold, type Equation } from '../zk/transcript/equations.ts';
import { Transcript } from '../zk/transcript/transcript.ts';
import type { AggregatorData, VoidReason } from './aggregator-state.ts';
import { decodePoints, openingEquations, openMask, proofContext } from './mask-commitments.ts';
import { pairSign } from './masks.ts';
import type { ClientMessage, MessageOf } from './messages.ts';
import { drawProjections, type Projections } from './projections.ts';

/** What a member said with its norm proof, which holds. */
interface Proven {
  readonly self: readonly Point[];
  readonly pairs: ReadonlyMap<number, { readonly encoded: Uint8Array; readonly points: readonly Point[] }>;
}

/** What the server keeps for a plan with a norm bound. @internal */
export interface NormChecks {
  /** Until they are proven. */
  readonly vectors: Map<number, Int32Array>;
  readonly proven: Map<number, Proven>;
  challenge: Uint8Array;
  projections: Projections | null;
  unproven: readonly number[];
}

/** @internal */
export function newNormChecks(): NormChecks {
  return { vectors: new Map(), proven: new Map(), challenge: new Uint8Array(32), projections: null, unproven: [] };
}

/** Takes a proof that holds for the member's vector and the commitments that it names. @internal */
export function takeNormProof(
  data: AggregatorData,
  from: number,
  message: MessageOf<ClientMessage, 'norm-proof'>,
): Result<void> {
  const { plan, norm, sharers } = data;
  const words = norm?.vectors.get(from);
  if (norm === null || plan.norm === null || norm.projections === null || words === undefined) {
    return refuse('not-expected', `member ${from}`);
  }
  const near = plan.graph.neighbours(from).filter((member) => sharers.has(member));
  if (near.length !== message.pairs.length || near.some((member, i) => message.pairs[i]?.with !== member)) {
    return refuse('other-neighbours');
  }
  const { projections: count, bound } = plan.norm;
  const self = decodePoints(message.self, count);
  if (!self.ok) return self;
  const pairs = new Map<number, { encoded: Uint8Array; points: readonly Point[] }>();
  for (const { with: member, commitments } of message.pairs) {
    const points = decodePoints(commitments, count);
    if (!points.ok) return points;
    pairs.set(member, { encoded: commitments, points: points.value });
  }
  const statement: MaskedNormStatement = {
    context: proofContext(plan, from, norm.challenge, words),
    targets: norm.projections.of(words),
    masks: [
      { sign: 1, commitments: self.value },
      ...[...pairs].map(([member, { points }]) => ({ sign: pairSign(from, member), commitments: points })),
    ],
    bound,
  };
  const read = readMaskedNorm(statement, message.proof);
  if (!read.ok) return read;
  if (!allHold([read.value])) return refuse('false-proof');
  norm.proven.set(from, { self: self.value, pairs });
  return accept(undefined);
}

/** Draws the projections for a fresh challenge. @internal */
export function challengeVectors({ plan, norm }: AggregatorData, challenge: Uint8Array): void {
  if (norm === null || plan.norm === null) return;
  norm.challenge = challenge;
  norm.projections = drawProjections(challenge, plan.norm.projections, plan.length);
}

/**
 * Takes the vectors out again that are not proven, and both ends of pairs that say different masks: one of them lies,
 * and liars touch every such pair, so at most one honest member goes with each liar.
 * @internal
 */
export function dropUnproven(data: AggregatorData): void {
  const { norm, survivors, sum } = data;
  if (norm === null) return;
  const dropped = new Set([...survivors].filter((member) => !norm.proven.has(member)));
  for (const [member, { pairs }] of norm.proven) {
    for (const [other, { encoded }] of pairs) {
      const said = norm.proven.get(other)?.pairs.get(member)?.encoded;
      if (said === undefined || equalBytes(said, encoded) || dropped.has(member) || dropped.has(other)) continue;
      dropped.add(member).add(other);
    }
  }
  for (const member of dropped) {
    subtractWords(sum, norm.vectors.get(member) as Int32Array);
    survivors.delete(member);
  }
  norm.vectors.clear();
  norm.unproven = [...dropped].sort((a, b) => a - b);
}

/**
 * A mask that was found in the end is the one that its member proved with: self masks of survivors, and masks that
 * survivors share with dropouts. Those between survivors need no check: both ends said the same, so they cancel.
 */
export function checkMask(
  { norm }: AggregatorData,
  survivor: number,
  seed: Uint8Array,
  dropout?: number,
): Result<void, VoidReason> {
  const proven = norm?.proven.get(survivor);
  if (norm === null) return accept(undefined);
  const said = dropout === undefined ? proven?.self : proven?.pairs.get(dropout)?.points;
  const named = `member ${survivor}${dropout === undefined ? '' : ` or ${dropout}`}`;
  if (said === undefined || norm.projections === null) return refuse('false-masks', named);
  const equations = openingEquations(said, openMask(seed, norm.challenge, norm.projections));
  return allHold([{ equations, digest: digestOf(equations) }]) ? accept(undefined) : refuse('false-masks', named);
}

function digestOf(equations: readonly Equation[]): Uint8Array {
  const transcript = new Transcript('mask openings');
  for (const equation of equations) transcript.absorbTerms('opening', equation);
  return transcript.bytes(32);
}
