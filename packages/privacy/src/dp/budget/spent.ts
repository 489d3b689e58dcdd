import { pureCost } from '../accounting/pure.ts';
import { RDP_ORDERS, rdp, rdpToEpsilon } from '../accounting/rdp.ts';
import type { PrivacyEvent } from '../event.ts';
import { approximately, atMost, decimal, type Fraction, less, plus, ZERO } from '../maths/fraction.ts';
import type { Adjacency } from '../relation.ts';

/** What was spent, in integers: ten debits are one of ten runs, in any order, with no digit lost. */
export interface Spent {
  /** Rényi divergences at RDP_ORDERS, in units of 2^-80, those of a single run rounded up. */
  readonly curve: readonly bigint[];
  /** The plain sum of ε while all that was released is purely ε-DP, then undefined. */
  readonly pure: Fraction | undefined;
}

export const NOTHING: Spent = { curve: RDP_ORDERS.map(() => 0n), pure: ZERO };

const UNIT_BITS = 80n;
const UNITS = 2 ** 80;
/** Costs of single runs that are remembered: a training debits the same step thousands of times. */
const MAX_REMEMBERED = 64;

const remembered = new Map<string, readonly bigint[]>();

/** What a release of `events` costs. */
export function costOf(events: readonly PrivacyEvent[], adjacency: Adjacency): Spent {
  return events.reduce<Spent>((sum, event) => {
    const once = curveOnce(event, adjacency);
    const count = BigInt(event.count);
    const pure = pureCost(event, adjacency);
    return {
      curve: sum.curve.map((spent, i) => spent + count * (once[i] as bigint)),
      pure: sum.pure === undefined || pure === undefined ? undefined : plus(sum.pure, pure),
    };
  }, NOTHING);
}

/** What is spent once `cost` comes on top, `times` times. */
export function spendMore(spent: Spent, cost: Spent, times = 1): Spent {
  const factor = BigInt(times);
  return {
    curve: spent.curve.map((units, i) => units + factor * (cost.curve[i] as bigint)),
    pure: spent.pure === undefined || cost.pure === undefined ? undefined : plus(spent.pure, cost.pure, times),
  };
}

/** ε at δ: by Rényi accounting, or the plain sum where all was pure and that is less. */
export function spentEpsilon({ curve, pure }: Spent, delta: number): number {
  const plain = pure === undefined ? Number.POSITIVE_INFINITY : approximately(pure);
  return plain === 0 ? 0 : Math.min(plain, renyiEpsilon(curve, delta));
}

/** Whether it is within the cap. Pure sums are compared exactly: ten times 0.1 is 1, three times is 0.3. */
export function isWithin({ curve, pure }: Spent, cap: number, delta: number): boolean {
  return (pure !== undefined && atMost(pure, decimal(cap))) || renyiEpsilon(curve, delta) <= cap;
}

/** ε of the cap that is left, 0 at least. */
export function leftEpsilon(spent: Spent, cap: number, delta: number): number {
  const plain = spent.pure === undefined ? 0 : approximately(less(decimal(cap), spent.pure));
  return Math.max(plain, cap - renyiEpsilon(spent.curve, delta), 0);
}

function renyiEpsilon(curve: readonly bigint[], delta: number): number {
  return rdpToEpsilon(
    curve.map((units) => Number(units) / UNITS),
    RDP_ORDERS,
    delta,
  ).epsilon;
}

function curveOnce(event: PrivacyEvent, adjacency: Adjacency): readonly bigint[] {
  const once = { ...event, count: 1 };
  const name = JSON.stringify([adjacency, once.mechanism, once.sampling]);
  const known = remembered.get(name);
  if (known !== undefined) return known;
  const curve = RDP_ORDERS.map((order) => unitsAbove(rdp(once, adjacency, order)));
  if (remembered.size >= MAX_REMEMBERED) remembered.delete(remembered.keys().next().value as string);
  remembered.set(name, curve);
  return curve;
}

/** The least number of units that is not below `divergence`, whose product with a power of two is exact. */
function unitsAbove(divergence: number): bigint {
  const bounded = Number.isFinite(divergence) ? divergence : Number.MAX_VALUE;
  return bounded < 2 ** 53 ? BigInt(Math.ceil(bounded * UNITS)) : BigInt(Math.ceil(bounded)) << UNIT_BITS;
}
