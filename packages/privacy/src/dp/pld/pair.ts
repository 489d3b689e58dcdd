/**
 * A dominating pair of distributions (P, Q) by the law of its privacy loss L = ln(P/Q) under P: a density on an
 * interval where the loss increases, and atoms.
 */
export interface LossPair {
  readonly from: number;
  readonly to: number;
  /** Longest interval over which five quadrature nodes are exact to about 1e-14. */
  readonly piece: number;
  /** P's density at x in [from, to]. */
  density(x: number): number;
  /** ln(P/Q) at x, increasing. */
  loss(x: number): number;
  /** The x of a loss; below `from` or above `to` where none is there. */
  inverse(loss: number): number;
  readonly atoms: readonly { readonly mass: number; readonly loss: number }[];
  /** P's mass that was cut off above `to`: its loss counts as infinite. */
  readonly lost: number;
  /** Supremum of the loss. */
  readonly maxLoss: number;
}

/** Losses at nodes of a quadrature of P: enough for moments, not for a distribution. */
export interface LossNodes {
  readonly masses: Float64Array;
  readonly losses: Float64Array;
}

/** One half of a mechanism's guarantee: `remove` compares with the record to without it, `add` the other way. */
export interface Directions {
  readonly remove: LossPair;
  readonly add: LossPair;
  /** Where both directions have the same law, one is enough. */
  readonly symmetric: boolean;
}
