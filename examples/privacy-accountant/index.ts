/** What a training costs, by three ways of counting; how much noise a wanted epsilon takes; and a plan that is refused. */
import {
  calibrateGaussian,
  gaussianRho,
  type PrivacyPlan,
  pldEpsilon,
  privacyEvent,
  rdpEpsilon,
  type Sampling,
  verifyGuarantees,
  zcdpToEpsilon,
} from '@murmuration/privacy';

const [RECORDS, BATCH, STEPS, DELTA, NOISE] = [60_000, 256, 14_062, 1e-5, 1.1];
const ADJACENCY = 'add-or-remove-one';
const poisson: Sampling = { kind: 'poisson', rate: BATCH / RECORDS };
const none: Sampling = { kind: 'none' };

function training(noiseMultiplier: number, sampling: Sampling, steps = STEPS): PrivacyPlan {
  return { adjacency: ADJACENCY, events: [privacyEvent({ kind: 'gaussian', noiseMultiplier }, sampling, steps)] };
}

const line = (what: string, epsilon: number) => console.log(`  ${what.padEnd(52)} epsilon ${epsilon.toFixed(4)}`);

console.log(`${STEPS} steps of ${BATCH} of ${RECORDS} records, noise ${NOISE} × clipping norm, delta ${DELTA}`);
const plan = training(NOISE, poisson);
const one = pldEpsilon(training(NOISE, poisson, 1), DELTA / STEPS);
line('each step by itself, added up', STEPS * one);
line('Rényi accounting, as a running budget charges', rdpEpsilon(plan, DELTA).epsilon);
line('privacy loss distribution, as a plan is proven', pldEpsilon(plan, DELTA));

console.log('\nthe same noise where nobody draws the batches in secret');
line('zero-concentrated, closed form', zcdpToEpsilon(STEPS * gaussianRho(NOISE), DELTA));
line('privacy loss distribution', pldEpsilon(training(NOISE, none), DELTA));

// Where draws cannot be enforced, correlated noise does: each record enters one step of a binary tree.
const tree: PrivacyPlan = {
  adjacency: ADJACENCY,
  events: [privacyEvent({ kind: 'tree', noiseMultiplier: 8.83, steps: 1600 })],
};
console.log('\nDP-FTRL, 1600 steps of a tree, noise 8.83 × clipping norm');
line('Rényi accounting', rdpEpsilon(tree, 1e-6).epsilon);

console.log('\nnoise for epsilon 2');
for (const steps of [100, 1000, STEPS]) {
  const wanted = { epsilon: 2, delta: DELTA, steps, sampling: poisson, adjacency: ADJACENCY } as const;
  console.log(`  ${String(steps).padStart(6)} steps: ${calibrateGaussian(wanted, 'pld').toFixed(4)} × clipping norm`);
}

console.log('\nverified before it runs');
for (const epsilon of [3, 2]) {
  const verdict = verifyGuarantees(plan, { epsilon, delta: DELTA, population: RECORDS });
  console.log(`  epsilon ${epsilon}: ${verdict.holds ? 'kept' : `refused (${verdict.reason}: ${verdict.detail})`}`);
  if (verdict.holds) for (const assumption of verdict.assumptions) console.log(`    as long as ${assumption}`);
}
