/** The pool of verifier threads against the verifier itself, in turns. */
import { openVerifierPool } from '@murmuration/node';
import type { Row } from '../rows.ts';
import { median, spread } from './median.ts';
import { checkOf, type SignatureCheck, signTransactions } from './transactions.ts';

const ROUNDS = 7;
const CHECKS = 2048;
const PAIR_BAR = 1.8;

export async function verifierRows(): Promise<Row[]> {
  const checks = signTransactions(CHECKS, 1).map((transaction) => checkOf(transaction) as SignatureCheck);
  const pools = [0, 1, 2].map((workers) => openVerifierPool({ workers }));
  const rates: number[][] = pools.map(() => []);
  try {
    for (let round = 0; round <= ROUNDS; round++) {
      for (const [i, pool] of pools.entries()) {
        const started = performance.now();
        const verdicts = await pool.verify(checks);
        if (!verdicts.ok || verdicts.value.includes(false)) throw new Error('a good signature was refused');
        // The first one starts the threads.
        if (round > 0) rates[i]?.push(CHECKS / ((performance.now() - started) / 1000));
      }
    }
  } finally {
    for (const pool of pools) await pool[Symbol.asyncDispose]();
  }
  const [inline, one, two] = rates as [number[], number[], number[]];
  const pair = ratios(two, one);
  return [
    row(
      'one verifier thread against none',
      ratios(one, inline),
      `inline, in turns: ${median(inline).toFixed(0)}/s`,
      'none',
      true,
    ),
    row('two verifier threads against none', ratios(two, inline), 'inline, in turns', 'none', true),
    row(
      'two verifier threads against one',
      pair,
      'one, in turns',
      `≥ ${PAIR_BAR.toFixed(2)}`,
      median(pair) >= PAIR_BAR,
    ),
  ];
}

function ratios(some: readonly number[], others: readonly number[]): number[] {
  return some.map((value, i) => value / (others[i] as number));
}

function row(what: string, values: readonly number[], against: string, bar: string, holds: boolean): Row {
  return { what, value: median(values), unit: 'x', against: `${against}; ${spread(values)}`, bar, holds };
}
