/** A histogram of diagnoses with exact discrete Laplace noise: epsilon alone, no delta, and integers only. */
import { memoryStore, seededRandom } from '@murmuration/core';
import { systemClock, systemEntropy } from '@murmuration/node';
import {
  chiSquareFit,
  createBudgetLedger,
  createDiscreteLaplace,
  discreteLaplaceProbability,
  privacyEvent,
  pureEpsilon,
  rational,
  sensitivityOf,
  toNumber,
} from '@murmuration/privacy';

const DIAGNOSES = ['asthma', 'diabetes', 'fracture', 'migraine', 'pneumonia'];
const SCALE = rational(2, 1);
const ACCOUNT = { owner: 'clinic-a', dataset: 'diagnoses' };
const ADJACENCY = 'add-or-remove-one';

// 800 generated patients, one diagnosis each. Only the release may count them.
const random = seededRandom('diagnoses');
const patients = Array.from({ length: 800 }, () => Math.min(random.below(5), random.below(5)));

const { l1, because } = sensitivityOf({ kind: 'histogram' }, ADJACENCY);
const event = privacyEvent({ kind: 'discrete-laplace', scale: 2, sensitivity: l1 });
const epsilon = pureEpsilon({ adjacency: ADJACENCY, events: [event] });
console.log(`one patient moves the histogram by ${l1} (${because}); noise of scale 2 costs epsilon ${epsilon}\n`);

const ledger = createBudgetLedger({ store: memoryStore(), clock: systemClock });
await ledger.open(ACCOUNT, { epsilon: 1, delta: 1e-6, adjacency: ADJACENCY });

const noise = createDiscreteLaplace(systemEntropy, SCALE);
await ledger.release(ACCOUNT, { purpose: 'diagnoses of May', events: [event] }, ({ leftEpsilon }) => {
  for (const [i, name] of DIAGNOSES.entries()) {
    const counted = patients.filter((diagnosis) => diagnosis === i).length;
    const released = counted + noise.sample();
    console.log(
      `${name.padEnd(10)} ${String(released).padStart(4)}  ${'█'.repeat(Math.max(0, Math.round(released / 10)))}`,
    );
  }
  console.log(`\nepsilon left ${leftEpsilon} of 1\n`);
});

// Whether noise is what it says can be tested: 100,000 samples of a slightly larger scale do not pass for it.
for (const scale of [rational(2, 1), rational(21, 10)]) {
  const drawn = new Int32Array(100_000);
  createDiscreteLaplace(systemEntropy, scale).fill(drawn);
  const counts = new Map<number, number>();
  for (const x of drawn) counts.set(x, (counts.get(x) ?? 0) + 1);
  const { pValue } = chiSquareFit(counts, discreteLaplaceProbability(2), 60);
  const verdict = pValue < 1e-9 ? 'refuted' : 'not refuted';
  console.log(`that noise of scale ${toNumber(scale)} is of scale 2: ${verdict}`);
}
