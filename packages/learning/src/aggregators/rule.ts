import { MurmurError } from '@murmuration/core';
import { firstNonFinite } from '@murmuration/kernels';

/** A robust aggregation rule: n updates, of which at most f are from liars, become one. */
export interface Rule {
  /** One sentence, with the source. */
  readonly describe: string;
  /** @returns the largest f that the rule can bear among n, 0 for a rule that bears none */
  readonly maxFaulty: (n: number) => number;
  /** Deterministic: + − × ÷ √ in a fixed order. */
  readonly combine: (input: RuleInput) => RuleOutput;
}

export interface RuleInput {
  /** n updates of length d, finite, in the committed order that breaks ties. */
  readonly rows: readonly Float32Array[];
  /** Their Gram matrix, n × n. */
  readonly gram: Float64Array;
  /** f, from 0 to maxFaulty(n). */
  readonly faulty: number;
}

export interface RuleOutput {
  readonly aggregate: Float32Array;
  /** How much of each update went in; sums to 1, except for rules that choose per coordinate: then 1 / n each. */
  readonly weights: readonly number[];
}

/** @throws AGGREGATE_EMPTY, AGGREGATE_LENGTH, AGGREGATE_NOT_FINITE */
export function checkUpdates(rows: readonly Float32Array[]): void {
  const first = rows[0];
  if (first === undefined) {
    throw new MurmurError({
      code: 'AGGREGATE_EMPTY',
      message: 'there is no update to aggregate',
      remedy: 'keep the model of the round before where nobody sent an update',
    });
  }
  for (const [i, row] of rows.entries()) {
    if (row.length !== first.length) {
      throw new MurmurError({
        code: 'AGGREGATE_LENGTH',
        message: `update ${i} has ${row.length} weights, update 0 has ${first.length}`,
        remedy: 'decode updates with decodeUpdate, which refuses a wrong length',
        facts: { update: i, length: row.length, wanted: first.length },
      });
    }
    const at = firstNonFinite(row);
    if (at >= 0) {
      throw new MurmurError({
        code: 'AGGREGATE_NOT_FINITE',
        message: `update ${i} holds ${row[at]} at weight ${at}`,
        remedy: 'decode updates with decodeUpdate, which refuses such numbers',
        facts: { update: i, weight: at },
      });
    }
  }
}

/** @throws AGGREGATE_TOLERANCE */
export function checkTolerance(name: string, rule: Rule, n: number, faulty: number): void {
  if (Number.isSafeInteger(faulty) && faulty >= 0 && faulty <= rule.maxFaulty(n)) return;
  throw new MurmurError({
    code: 'AGGREGATE_TOLERANCE',
    message: `"${name}" cannot bear ${faulty} liars among ${n} updates, at most ${rule.maxFaulty(n)}`,
    remedy: 'wait for more updates, expect fewer liars, or choose another rule',
    facts: { strategy: name, n, faulty },
  });
}

/** f < n / 2: no rule can do better. */
export function minority(n: number): number {
  return Math.floor((n - 1) / 2);
}

/** @returns indices 0..n−1 by ascending value, ties by index */
export function ascending(values: readonly number[]): number[] {
  return values.map((_, i) => i).sort((a, b) => (values[a] as number) - (values[b] as number) || a - b);
}
