import { gram } from '@murmuration/kernels';
import { cge, coordinateMedian, mean } from './means.ts';
import { multiKrum } from './multi-krum.ts';
import { nnmTrimmedMean } from './nnm-trimmed-mean.ts';
import { checkTolerance, checkUpdates, type Rule, type RuleOutput } from './rule.ts';
import type { Strategy } from './strategies.ts';

/** Every rule under its name. A new one is an entry here and passes the suite in test/aggregators. */
export const RULES: Readonly<Record<Strategy, Rule>> = {
  'nnm-trimmed-mean': nnmTrimmedMean,
  cge,
  mean,
  median: coordinateMedian,
  'multi-krum': multiKrum,
};

/**
 * Applies one rule as it is, without a search for outliers.
 * @param rows n updates of one length, in the order that breaks ties
 * @param faulty f, at most the rule's maxFaulty(n)
 * @throws AGGREGATE_EMPTY, AGGREGATE_LENGTH, AGGREGATE_NOT_FINITE, AGGREGATE_TOLERANCE
 */
export function combine(strategy: Strategy, rows: readonly Float32Array[], faulty: number): RuleOutput {
  checkUpdates(rows);
  checkTolerance(strategy, RULES[strategy], rows.length, faulty);
  return RULES[strategy].combine({ rows, gram: gram(rows), faulty });
}
