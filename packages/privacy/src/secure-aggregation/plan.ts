import {
  bytes,
  checkInteger,
  checkNumber,
  type DeviceId,
  deviceId,
  encode,
  finite,
  list,
  MurmurError,
  oneOf,
  optional,
  struct,
  text,
  uint,
  utf8,
} from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { createMaskGraph, type MaskGraph } from './graph.ts';
import { inByteOrder, MIN_GROUP_SIZE } from './groups.ts';
import { shareThreshold } from './thresholds.ts';

/** Names protocol, primitives and encodings; every key, share and signature is bound to it. */
export const AGGREGATION_SUITE = 'murmur/secagg+/static-x25519+ml-kem-768/aes-256-ctr/shamir-gf256/3';
/** Up to here everyone masks with everyone. */
export const MAX_COMPLETE = 64;
export const DEFAULT_DEGREE = 64;
export const MAX_MEMBERS = 4096;
export const MAX_LENGTH = 2 ** 26;
/** Standard deviations of noise for which the sum has room: beyond lies 2^-107 a coordinate. */
const NOISE_TAIL = 12;
/** Vectors of plans with a norm bound are kept until they are proven. */
const MAX_PROVEN_LENGTH = 2 ** 20;
/** Honest vectors in a sum: colluders take theirs away, and a sum of one is that one. */
const MIN_HONEST = 2;
/** Holders of a secret are numbered within a byte, 0 excepted. */
const MAX_DEGREE = 254;

export interface PlanOptions {
  readonly job: string;
  readonly round: number;
  /** Number of the group within the round. */
  readonly group: number;
  /** Distinct, 3 to 4096; their order does not matter. */
  readonly members: readonly DeviceId[];
  /** The round's beacon, 32 bytes: places members on the ring. */
  readonly seed: Uint8Array;
  /** Numbers in a vector. */
  readonly length: number;
  /** Largest magnitude of a client's integer, before noise. */
  readonly bound: number;
  /** Members of the group that may pool what they know with the server. @default 0 */
  readonly colluders?: number;
  /** Colluders within one member's closed neighbourhood. @default min(colluders, degree) */
  readonly nearColluders?: number;
  /** Neighbours of each member, even. @default members − 1 up to 64 members, else 64 as in Bell et al. 2020 */
  readonly degree?: number;
  /** Shares that give a secret. @default the smallest t with 2t > degree + 1 + nearColluders */
  readonly threshold?: number;
  /** Members whose vectors a released sum holds at least. @default threshold */
  readonly minSurvivors?: number;
  /** Variance σ² that the noise of the honest members of every released sum reaches, in integer units. @default none */
  readonly noiseVariance?: number;
  /**
   * How members know their neighbours' keys: each checks a signature for each neighbour, or the swarm commits to the
   * roster, whose signatures its replicas have checked (`verifyRoster`), and members check one certificate.
   * @default signed
   */
  readonly roster?: RosterMode;
  /** Each vector, noise included, is proven to be short before it counts. For complete graphs. @default none */
  readonly norm?: NormBound | null;
}

/**
 * Random projections of every vector, coefficients −1, 0, 1 with chances 1/4, 1/2, 1/4, are proven to be at most
 * `bound`. A vector of L2 norm B, noise included, is refused with probability at most
 * `honestRefusalBound(projections, √2·bound / B)`. What liars add to a sum together, of L2 norm N, stays in it with
 * probability at most `liarsPassBound`: at r = 32 and bound = 6·B/√2 a single liar with N = 12·B with 2.6e-3, with
 * N = 100·B with 5.2e-6. Proven against members; a server that draws the challenge before the vectors proves nothing.
 */
export interface NormBound {
  /** β, in integer units, 1 to 2^28. */
  readonly bound: number;
  /** r, 1 to 64. The chance that what is caught passes goes with 2^-r for single numbers, (2/3)^r for norms. */
  readonly projections: number;
}

export type RosterMode = 'signed' | 'committed';

/** What all members and the server agree on before a round: a pure function of public data. */
export interface AggregationPlan {
  readonly job: string;
  readonly round: number;
  readonly group: number;
  /** In byte order; protocol messages name members by their place here. */
  readonly members: readonly DeviceId[];
  readonly seed: Uint8Array;
  readonly length: number;
  readonly bound: number;
  readonly colluders: number;
  readonly degree: number;
  readonly threshold: number;
  readonly minSurvivors: number;
  readonly noiseVariance: number | null;
  readonly roster: RosterMode;
  readonly norm: NormBound | null;
  /** SHA3-256 of suite and everything above, 32 bytes. */
  readonly digest: Uint8Array;
  readonly graph: MaskGraph;
}

const planSchema = struct({
  job: text(64),
  round: uint,
  group: uint,
  members: list(deviceId, MAX_MEMBERS),
  seed: bytes(32),
  length: uint,
  bound: uint,
  colluders: uint,
  degree: uint,
  threshold: uint,
  minSurvivors: uint,
  noiseVariance: optional(finite),
  roster: oneOf('signed', 'committed'),
  norm: optional(struct({ bound: uint, projections: uint })),
});

/**
 * @throws PRIVACY_GROUP for members that form no group, PRIVACY_THRESHOLD where no threshold keeps secrets and can be
 *   met, PRIVACY_SUM_OVERFLOW where a sum may leave 32 bits, OPTION_OUT_OF_RANGE
 */
export function createPlan(options: PlanOptions): AggregationPlan {
  const members = checkMembers(options.members);
  checkNumbers(options);
  const { job, round, group, seed, length, bound, colluders = 0, noiseVariance = null, roster = 'signed' } = options;
  const { norm = null } = options;
  const degree = options.degree ?? (members.length <= MAX_COMPLETE ? members.length - 1 : DEFAULT_DEGREE);
  checkDegree(degree, members.length);
  const nearColluders = options.nearColluders ?? Math.min(colluders, degree);
  checkInteger('colluders near a member', nearColluders, 0, Math.min(colluders, degree));
  const threshold = options.threshold ?? shareThreshold(degree + 1, nearColluders);
  const minSurvivors = options.minSurvivors ?? threshold;
  const plan = { job, round, group, members, seed: seed.slice(), length, bound, colluders, degree, threshold };
  const whole = { ...plan, minSurvivors, noiseVariance, roster, norm };
  checkThreshold(whole, nearColluders);
  if (norm !== null) checkNorm(norm, whole);
  checkRange(whole);
  const digest = sha3_256(utf8(AGGREGATION_SUITE), encode(planSchema, whole));
  return { ...whole, digest, graph: createMaskGraph(seed, members.length, degree) };
}

type PlanNumbers = Omit<AggregationPlan, 'digest' | 'graph'>;

/** Honest members that every released sum holds at least. */
export function honestSurvivors(plan: Pick<AggregationPlan, 'minSurvivors' | 'colluders'>): number {
  return plan.minSurvivors - plan.colluders;
}

/**
 * Variance of each member's own noise: σ²/h, so that h honest survivors together reach σ² without what colluders
 * take away again. 0 without noise.
 */
export function noiseShare(plan: Pick<AggregationPlan, 'minSurvivors' | 'colluders' | 'noiseVariance'>): number {
  return plan.noiseVariance === null ? 0 : plan.noiseVariance / honestSurvivors(plan);
}

/** Largest magnitude that a sum of `count` honest vectors has, but for noise beyond 12 standard deviations. */
export function sumBound(plan: PlanNumbers, count: number): number {
  return count * plan.bound + Math.ceil(NOISE_TAIL * Math.sqrt(count * noiseShare(plan)));
}

function checkMembers(given: readonly DeviceId[]): readonly DeviceId[] {
  const distinct = new Set(given).size === given.length;
  if (distinct && given.length >= MIN_GROUP_SIZE && given.length <= MAX_MEMBERS) return inByteOrder(given);
  throw new MurmurError({
    code: 'PRIVACY_GROUP',
    message: `${given.length} ${distinct ? '' : 'partly repeated '}members form no group for secure aggregation`,
    remedy: `give ${MIN_GROUP_SIZE} to ${MAX_MEMBERS} distinct devices`,
    facts: { members: given.length, distinct },
  });
}

function checkNumbers(options: PlanOptions): void {
  checkInteger('round', options.round, 0);
  checkInteger('group', options.group, 0);
  checkInteger('length of a vector', options.length, 1, MAX_LENGTH);
  checkInteger('bound of an integer', options.bound, 1, 2 ** 31 - 1);
  checkInteger('colluders', options.colluders ?? 0, 0, options.members.length - 1);
  checkInteger('length of a seed', options.seed.length, 32, 32);
  checkInteger('length of a job id', options.job.length, 1, 64);
  if (options.noiseVariance !== undefined) checkNumber('variance of noise', options.noiseVariance, 1e-6, 2 ** 58);
}

function checkDegree(degree: number, members: number): void {
  checkInteger('degree', degree, 2, Math.min(members - 1, MAX_DEGREE));
  if (degree === members - 1 || degree % 2 === 0) return;
  throw new MurmurError({
    code: 'PRIVACY_GROUP',
    message: `degree ${degree} is odd, and members on a ring have as many neighbours on either side`,
    remedy: `give an even degree, or ${members - 1} for the complete graph`,
    facts: { degree, members },
  });
}

function checkThreshold(plan: PlanNumbers, nearColluders: number): void {
  const { degree, threshold, minSurvivors, members, colluders } = plan;
  const holders = degree + 1;
  const secret = 2 * threshold > holders + nearColluders;
  const reachable = threshold <= holders;
  const noisy = minSurvivors >= threshold && minSurvivors <= members.length && minSurvivors >= colluders + MIN_HONEST;
  if (Number.isSafeInteger(threshold) && Number.isSafeInteger(minSurvivors) && secret && reachable && noisy) return;
  throw new MurmurError({
    code: 'PRIVACY_THRESHOLD',
    message: `threshold ${threshold} of ${holders} holders with ${nearColluders} colluders near, at least ${minSurvivors} of ${members.length} surviving with ${colluders} colluders, is not safe`,
    remedy: `keep 2·threshold > ${holders} + ${nearColluders}, threshold ≤ ${holders}, and survivors at least the threshold and ${MIN_HONEST} more than the colluders`,
    facts: { threshold, holders, nearColluders, minSurvivors, colluders },
  });
}

function checkNorm({ bound, projections }: NormBound, plan: PlanNumbers): void {
  checkInteger('bound of projections', bound, 1, 2 ** 28);
  checkInteger('projections', projections, 1, 64);
  checkInteger('length of a vector with a norm bound', plan.length, 1, MAX_PROVEN_LENGTH);
  checkInteger('degree of a plan with a norm bound', plan.degree, plan.members.length - 1, MAX_COMPLETE - 1);
}

function checkRange(plan: PlanNumbers): void {
  const largest = sumBound(plan, plan.members.length);
  if (largest < 2 ** 31) return;
  throw new MurmurError({
    code: 'PRIVACY_SUM_OVERFLOW',
    message: `a sum of ${plan.members.length} vectors may reach ${largest}, beyond 2^31 - 1`,
    remedy: 'quantise more coarsely, clip to less, or make groups smaller',
    facts: { largest, bound: plan.bound, members: plan.members.length },
  });
}
