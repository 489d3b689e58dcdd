/** Logistic regression by DP-SGD: Poisson draw, clip, integers, discrete Gaussian, one debit for each step. */
import { memoryStore, seededRandom } from '@murmuration/core';
import { systemClock, systemEntropy } from '@murmuration/node';
import {
  atLeast,
  calibrate,
  createBudgetLedger,
  createDiscreteGaussian,
  createQuantiser,
  type DiscreteGaussian,
  drawPoisson,
  type PrivacyPlan,
  pldEpsilon,
  privacyEvent,
  rational,
  rdpEpsilon,
  toNumber,
} from '@murmuration/privacy';

const [RECORDS, FEATURES, STEPS, DELTA, EPSILON] = [4000, 8, 60, 1e-5, 2];
const ADJACENCY = 'add-or-remove-one';
const RATE = rational(1, 16);
const LEARNING_RATE = 4;

interface Person {
  readonly x: Float64Array;
  readonly label: 0 | 1;
}

// Generated data: labels follow a hidden rule of the features, one in twenty is wrong.
const random = seededRandom('private training');
const rule = Array.from({ length: FEATURES }, () => 2 * random.unit() - 1);
const people = Array.from({ length: RECORDS + 1000 }, (): Person => {
  const x = Float64Array.from({ length: FEATURES }, () => 2 * random.unit() - 1);
  const isOne = dot(x, rule) > 0 !== (random.below(20) === 0);
  return { x, label: isOne ? 1 : 0 };
});
const [training, held] = [people.slice(0, RECORDS), people.slice(RECORDS)];

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

function gradient({ x, label }: Person, weights: ArrayLike<number>): Float64Array {
  const error = 1 / (1 + Math.exp(-dot(x, weights))) - label;
  return x.map((value) => error * value);
}

const sampling = { kind: 'poisson', rate: toNumber(RATE) } as const;
const quantiser = createQuantiser({ clippingNorm: 1, scale: 1 / 256, dimension: FEATURES });

function mechanism(sigma: number): DiscreteGaussian {
  return { kind: 'discrete-gaussian', sigma, shares: 1, l2: quantiser.l2, dimension: FEATURES };
}

/** What `count` steps release. */
function planOf(sigma: number, count: number): PrivacyPlan {
  return { adjacency: ADJACENCY, events: [privacyEvent(mechanism(sigma), sampling, count)] };
}

const multiplier = calibrate((noise) => planOf(noise * quantiser.l2, STEPS), EPSILON, DELTA);
// A variance that is a fraction, rounded up: rounding noise up never costs privacy.
const variance = atLeast((multiplier * quantiser.l2) ** 2);
const sigma = Math.sqrt(toNumber(variance));
const sampler = createDiscreteGaussian(systemEntropy, variance);

const ledger = createBudgetLedger({ store: memoryStore(), clock: systemClock });
const account = { owner: 'clinic-a', dataset: 'training' };
await ledger.open(account, { epsilon: EPSILON, delta: DELTA, adjacency: ADJACENCY });
console.log(`${STEPS} steps at rate ${toNumber(RATE)}, noise ${multiplier.toFixed(4)} × clipping norm`);

const weights = new Float64Array(FEATURES);
for (let step = 1; step <= STEPS; step++) {
  const draw = drawPoisson(systemEntropy, RECORDS, RATE);
  const charge = { purpose: `step ${step}`, events: [privacyEvent(mechanism(sigma), sampling)], draws: [draw] };
  await ledger.release(account, charge, ({ spentEpsilon }) => {
    const sum = new Int32Array(FEATURES);
    sampler.fill(sum);
    for (const member of draw.members) {
      const { values } = quantiser.quantise(gradient(training[member] as Person, weights), systemEntropy);
      for (let i = 0; i < FEATURES; i++) sum[i] = (sum[i] as number) + (values[i] as number);
    }
    // Divided by the expected size: the size of the draw is a secret too.
    const mean = quantiser.restore(sum).map((value) => value / (RECORDS * toNumber(RATE)));
    for (let i = 0; i < FEATURES; i++) weights[i] = (weights[i] as number) - LEARNING_RATE * (mean[i] as number);
    if (step % 20 === 0) console.log(`step ${step}: accuracy ${accuracy()}, epsilon spent ${spentEpsilon.toFixed(4)}`);
  });
}

function accuracy(): string {
  const right = held.filter(({ x, label }) => dot(x, weights) > 0 === (label === 1)).length;
  return `${((100 * right) / held.length).toFixed(1)} %`;
}

const gaussian = { kind: 'gaussian', noiseMultiplier: sigma / quantiser.l2 } as const;
const continuous = { adjacency: ADJACENCY, events: [privacyEvent(gaussian, sampling, STEPS)] } as const;
const { spentEpsilon, debits } = await ledger.status(account);
console.log(`\nledger: ${debits} debits, epsilon ${spentEpsilon.toFixed(4)} of ${EPSILON} at delta ${DELTA}`);
console.log(
  `RDP of the discrete Gaussian that ran:       ${rdpEpsilon(planOf(sigma, STEPS), DELTA).epsilon.toFixed(4)}`,
);
console.log(`PLD of a continuous one of the same sigma:   ${pldEpsilon(continuous, DELTA).toFixed(4)}`);
