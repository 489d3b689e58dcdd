/** A mean of ages under a privacy budget: noise is exact, debits come first, and an overdraft is refused. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { isMurmurError, seededRandom } from '@murmuration/core';
import { openBudgetFile, systemEntropy } from '@murmuration/node';
import {
  createDiscreteGaussian,
  type DiscreteGaussian,
  privacyEvent,
  rational,
  sensitivityOf,
} from '@murmuration/privacy';

const ADJACENCY = 'add-or-remove-one';
const ACCOUNT = { owner: 'clinic-a', dataset: 'ages' };
const MAX_AGE = 110;

// 5,000 generated patients. Only this function may see them, and only from inside a release.
const random = seededRandom('ages');
const ages = Array.from(
  { length: 5000 },
  () => 20 + random.below(60) + (random.below(10) === 0 ? random.below(20) : 0),
);

/** A query's integer answer moves by `reach` with one patient; its noise has standard deviation `sigma`. */
function mechanism(reach: number, sigma: number): DiscreteGaussian {
  return { kind: 'discrete-gaussian', sigma, shares: 1, l2: reach, dimension: 1 };
}

function noise(sigma: number): number {
  return createDiscreteGaussian(systemEntropy, rational(sigma ** 2)).sample();
}

const sum = sensitivityOf({ kind: 'bounded-sum', low: 0, high: MAX_AGE }, ADJACENCY);
const count = sensitivityOf({ kind: 'count' }, ADJACENCY);
const sigmaOfSum = 6 * sum.l2;
const sigmaOfCount = 6 * count.l2;
const events = [privacyEvent(mechanism(sum.l2, sigmaOfSum)), privacyEvent(mechanism(count.l2, sigmaOfCount))];

const folder = mkdtempSync(path.join(tmpdir(), 'private-mean-'));
try {
  await using budgets = openBudgetFile(path.join(folder, 'budget.sqlite'), { create: true });
  const { ledger } = budgets;
  await ledger.open(ACCOUNT, { epsilon: 2, delta: 1e-6, adjacency: ADJACENCY });
  console.log(`a patient moves the sum of ages by at most ${sum.l2} (${sum.because})`);
  console.log(`noise: standard deviation ${sigmaOfSum} on the sum, ${sigmaOfCount} on the count\n`);

  for (let month = 1; ; month++) {
    try {
      await ledger.release(
        ACCOUNT,
        { purpose: `mean age, report ${month}`, events },
        ({ spentEpsilon, leftEpsilon }) => {
          // The debit is on disk before this line runs.
          const total = ages.reduce((all, age) => all + Math.min(age, MAX_AGE), 0) + noise(sigmaOfSum);
          const patients = ages.length + noise(sigmaOfCount);
          const mean = (total / patients).toFixed(2);
          console.log(
            `report ${month}: mean age ${mean}; epsilon spent ${spentEpsilon.toFixed(3)}, left ${leftEpsilon.toFixed(3)}`,
          );
        },
      );
    } catch (error) {
      if (!isMurmurError(error) || error.code !== 'PRIVACY_BUDGET_EXHAUSTED') throw error;
      console.log(`report ${month}: refused, ${error.message}`);
      break;
    }
  }
  const truth = ages.reduce((all, age) => all + age, 0) / ages.length;
  const { spentEpsilon, debits } = await ledger.status(ACCOUNT);
  console.log(`\nthe true mean, which a real run shows nobody: ${truth.toFixed(2)}`);
  console.log(`debits ${debits}, spent ${spentEpsilon.toFixed(3)} of 2: the refused report cost nothing`);
} finally {
  rmSync(folder, { recursive: true });
}
