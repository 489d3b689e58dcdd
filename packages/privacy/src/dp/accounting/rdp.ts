import { assert, checkInteger, checkNumber, unreachable } from '@murmuration/core';
import { checkEvent, checkPlan } from '../check-plan.ts';
import { type PrivacyEvent, type PrivacyPlan, weightsOf } from '../event.ts';
import { type Adjacency, amplificationRate, checkAdjacency, sensitivityFactor } from '../relation.ts';
import { sampledDiscreteGaussianRdp } from './discrete-gaussian.ts';
import { discreteLaplaceRdp } from './discrete-laplace.ts';
import { logSumExp } from './moments.ts';
import { laplaceRdp, sampledGaussianRdp, sampledLaplaceRdp } from './rdp-sampled.ts';

/** 1.1 … 10.9 by 0.1, 11 … 63, and four powers of two: the orders that Opacus and dp_accounting minimise over. */
export const RDP_ORDERS: readonly number[] = [
  ...Array.from({ length: 99 }, (_, i) => 1 + (i + 1) / 10),
  ...Array.from({ length: 53 }, (_, i) => 11 + i),
  128,
  256,
  512,
  1024,
];

const MIN_ORDER = 1 + 1e-9;
const MAX_ORDER = 1e6;

export interface EpsilonAtOrder {
  readonly epsilon: number;
  /** The order at which the bound is least. */
  readonly order: number;
}

/**
 * Rényi divergence of order α of an event, all its runs, in the worse direction.
 * @param order from 1 + 1e-9 to 10⁶
 * @throws OPTION_OUT_OF_RANGE, PRIVACY_BAD_EVENT
 */
export function rdp(event: PrivacyEvent, adjacency: Adjacency, order: number): number {
  checkEvent(event);
  checkAdjacency(adjacency);
  checkNumber('order', order, MIN_ORDER, MAX_ORDER);
  return event.count * rdpOnce(event, adjacency, order);
}

function rdpOnce({ mechanism, sampling }: PrivacyEvent, adjacency: Adjacency, order: number): number {
  const factor = sensitivityFactor(adjacency);
  const rate = amplificationRate(sampling, adjacency);
  switch (mechanism.kind) {
    case 'gaussian':
      return sampledGaussianRdp(mechanism.noiseMultiplier / factor, rate, order);
    case 'laplace': {
      const scale = mechanism.scale / factor;
      return rate === 1 ? laplaceRdp(scale, order) : sampledLaplaceRdp(scale, rate, order);
    }
    case 'discrete-laplace':
      return discreteLaplaceRdp(mechanism.scale, factor * mechanism.sensitivity, rate, order);
    case 'discrete-gaussian':
      return sampledDiscreteGaussianRdp(mechanism, factor, rate, order);
    case 'gaussian-mixture':
      return mixtureRdp(mechanism.sensitivities, weightsOf(mechanism), mechanism.sigma / factor, order);
    case 'tree':
      return (treeDepth(mechanism.steps) * order * factor ** 2) / (2 * mechanism.noiseMultiplier ** 2);
    case 'zcdp':
      return mechanism.rho * order;
    case 'pure':
      return pureRdp(mechanism.epsilon, order);
    default:
      return unreachable(mechanism);
  }
}

/**
 * Levels of the binary tree over `steps` leaves that one leaf's value enters: ⌊log2 steps⌋ + 1.
 * @param steps 1 to 2^31 - 1
 * @throws OPTION_OUT_OF_RANGE
 */
export function treeDepth(steps: number): number {
  return 32 - Math.clz32(checkInteger('steps of a tree', steps, 1, 2 ** 31 - 1));
}

/**
 * A bound by joint quasi-convexity: no mixture is farther from its neighbour than ln of the mean of its components'
 * moments (the PLD of a mixture is tight; this is its cheap companion).
 */
function mixtureRdp(sensitivities: readonly number[], probabilities: readonly number[], sigma: number, order: number) {
  const moments = sensitivities.map(
    (s, i) => Math.log(probabilities[i] as number) + (order * (order - 1) * s * s) / (2 * sigma * sigma),
  );
  return logSumExp(moments) / (order - 1);
}

/** Rényi divergence of randomised response, the worst ε-DP mechanism (Bun & Steinke 2016, Proposition 3.3). */
function pureRdp(epsilon: number, order: number): number {
  // P = (e^ε, 1)/(1 + e^ε), Q its reverse: Σ P^α Q^(1-α) = (e^(αε) + e^((1-α)ε))/(1 + e^ε).
  const logRest = -epsilon - Math.log1p(Math.exp(-epsilon));
  const logMoment = logRest + logSumExp([order * epsilon, (1 - order) * epsilon]);
  return Math.max(0, Math.min(epsilon, logMoment / (order - 1)));
}

/** The plan's whole divergence at each order. @throws OPTION_OUT_OF_RANGE, PRIVACY_BAD_EVENT */
export function rdpCurve(plan: PrivacyPlan, orders: readonly number[] = RDP_ORDERS): Float64Array {
  checkPlan(plan);
  for (const order of orders) checkNumber('order', order, MIN_ORDER, MAX_ORDER);
  const curve = new Float64Array(orders.length);
  for (const event of plan.events) {
    for (let i = 0; i < orders.length; i++) {
      curve[i] = (curve[i] as number) + event.count * rdpOnce(event, plan.adjacency, orders[i] as number);
    }
  }
  return curve;
}

/**
 * ε at δ from Rényi divergences: min over α of r(α) + ln((α-1)/α) - (ln δ + ln α)/(α-1)
 * (Canonne, Kamath & Steinke 2020, Proposition 12; Balle et al. 2020).
 *
 * @param curve divergences at `orders`; one that is not finite counts for nothing
 * @param orders each > 1
 * @param delta in (0, 1]
 * @returns Infinity at order NaN where no order bounds it. @throws OPTION_OUT_OF_RANGE
 */
export function rdpToEpsilon(curve: ArrayLike<number>, orders: readonly number[], delta: number): EpsilonAtOrder {
  checkNumber('delta', delta, Number.MIN_VALUE, 1);
  assert(curve.length === orders.length, 'one divergence an order');
  let best: EpsilonAtOrder = { epsilon: Number.POSITIVE_INFINITY, order: Number.NaN };
  for (let i = 0; i < orders.length; i++) {
    const order = orders[i] as number;
    const bound = (curve[i] as number) + Math.log1p(-1 / order) - (Math.log(delta) + Math.log(order)) / (order - 1);
    if (bound < best.epsilon) best = { epsilon: Math.max(0, bound), order };
  }
  return best;
}

/**
 * δ at ε: min over α of exp((α-1)(r(α) - ε + ln((α-1)/α)) - ln α), at most 1.
 * @param epsilon ≥ 0. @throws OPTION_OUT_OF_RANGE
 */
export function rdpToDelta(curve: ArrayLike<number>, orders: readonly number[], epsilon: number): number {
  checkNumber('epsilon', epsilon, 0, Number.MAX_VALUE);
  assert(curve.length === orders.length, 'one divergence an order');
  let logDelta = 0;
  for (let i = 0; i < orders.length; i++) {
    const order = orders[i] as number;
    const bound = (order - 1) * ((curve[i] as number) - epsilon + Math.log1p(-1 / order)) - Math.log(order);
    if (bound < logDelta) logDelta = bound;
  }
  return Math.exp(logDelta);
}

/** ε of a plan at δ by Rényi accounting. @throws OPTION_OUT_OF_RANGE, PRIVACY_BAD_EVENT */
export function rdpEpsilon(plan: PrivacyPlan, delta: number, orders: readonly number[] = RDP_ORDERS): EpsilonAtOrder {
  return rdpToEpsilon(rdpCurve(plan, orders), orders, delta);
}
