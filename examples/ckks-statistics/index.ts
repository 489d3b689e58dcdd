/** Statistics on columns that stay encrypted: a clinic holds the key, a stranger computes, and only noise leaves. */
import { isMurmurError, memoryStore, seededRandom } from '@murmuration/core';
import { systemClock, systemEntropy } from '@murmuration/node';
import {
  createBudgetLedger,
  type Decrypted,
  encryptedLinear,
  encryptedMean,
  encryptedVariance,
  loadCkks,
  releasePrivately,
  revealToKeyHolder,
  sensitivityOf,
  totalRotations,
} from '@murmuration/privacy';

const PATIENTS = 4000;
const BUDGET = 1.5;
const ADJACENCY = 'replace-one';
const ACCOUNT = { owner: 'clinic', dataset: 'patients' };

/** What everybody may know: ages lie in [0, 100], pressures in [60, 200]. Both are sent as numbers from -1 to 1. */
const AGE = { low: 0, high: 100 };
const PRESSURE = { low: 60, high: 200 };
type Range = typeof AGE;

const toUnit = (value: number, { low, high }: Range) => (2 * (value - low)) / (high - low) - 1;
const fromUnit = (value: number, { low, high }: Range) => low + ((value + 1) * (high - low)) / 2;

const random = seededRandom('patients');
const ages = Float64Array.from({ length: PATIENTS }, () => 20 + random.below(60));
const pressures = ages.map((age) => 100 + 0.5 * age + random.below(20));

// The clinic: key pair, evaluation keys, two encrypted columns. Only bytes leave it.
const engine = await loadCkks();
using clinic = engine.open('statistics');
using keys = clinic.createKeyPair();
const options = { relinearise: true, rotations: totalRotations(clinic.slots) };
const evaluationBytes = clinic.evaluationKeyBytes(keys.secretKey, options);
const column = (values: Float64Array, range: Range) =>
  clinic.encryptToBytes(
    keys.secretKey,
    values.map((value) => toUnit(value, range)),
    { bound: 1 },
  );
const sent = { age: column(ages, AGE), pressure: column(pressures, PRESSURE) };
const kilobytes = (bytes: Uint8Array) => `${(bytes.length / 1000).toFixed(0)} kB`;
console.log(`clinic sends ${PATIENTS} ages (${kilobytes(sent.age)}) and pressures (${kilobytes(sent.pressure)}),`);
console.log(`  and keys to compute with (${kilobytes(evaluationBytes)}) that decrypt nothing\n`);

// The stranger: has bytes, no key. Computes mean and variance of the ages, and a risk score for each patient.
const computed = stranger();

function stranger(): { mean: Uint8Array; variance: Uint8Array; risk: Uint8Array } {
  using own = engine.open('statistics');
  const keyId = keys.publicKey.keyId;
  const expected = { keyId, length: PATIENTS, level: 2, maxMagnitude: 1 } as const;
  using evaluation = must(own.readEvaluationKeys(evaluationBytes, keyId));
  using age = must(own.read(sent.age, expected));
  using pressure = must(own.read(sent.pressure, expected));
  using mean = encryptedMean(age, evaluation);
  using variance = encryptedVariance(age, evaluation);
  using risk = encryptedLinear([age, pressure], { weights: [0.3, 0.5], intercept: 0.1 });
  return { mean: own.toBytes(mean), variance: own.toBytes(variance), risk: own.toBytes(risk) };
}

// The clinic again: what others get leaves under noise and from a budget.
const ledger = createBudgetLedger({ store: memoryStore(), clock: systemClock });
await ledger.open(ACCOUNT, { epsilon: BUDGET, delta: 1e-6, adjacency: ADJACENCY });

async function publish(purpose: string, decrypted: Decrypted, sensitivity: number): Promise<number> {
  const noise = { sensitivity, noiseMultiplier: 5, entropy: systemEntropy };
  const { values, receipt } = await releasePrivately(decrypted, { ledger, account: ACCOUNT, purpose, ...noise });
  console.log(`released: ${purpose} (epsilon spent ${receipt.spentEpsilon.toFixed(2)} of ${BUDGET})`);
  return values[0] as number;
}

const one = { keyId: keys.publicKey.keyId, length: 1, maxError: 1e-4 } as const;
using mean = must(clinic.read(computed.mean, { ...one, level: 1, maxMagnitude: 1.001 }));
using variance = must(clinic.read(computed.variance, { ...one, level: 0, maxMagnitude: 2.001 }));

const meanMove = sensitivityOf({ kind: 'bounded-mean', low: -1, high: 1, size: PATIENTS }, ADJACENCY).l2;
const varianceMove = (4 * (PATIENTS - 1)) / PATIENTS ** 2;
const noisyMean = fromUnit(await publish('mean age', clinic.decrypt(mean, keys.secretKey), meanMove), AGE);
const noisyVariance = await publish('variance of ages', clinic.decrypt(variance, keys.secretKey), varianceMove);
const plainMean = ages.reduce((sum, age) => sum + age, 0) / PATIENTS;
const plainDeviation = Math.sqrt(ages.reduce((sum, age) => sum + (age - plainMean) ** 2, 0) / PATIENTS);
console.log(`  mean ${noisyMean.toFixed(1)} years, in truth ${plainMean.toFixed(1)}`);
console.log(`  deviation ${(50 * Math.sqrt(noisyVariance)).toFixed(1)} years, in truth ${plainDeviation.toFixed(1)}\n`);

try {
  await publish('mean age, once more', clinic.decrypt(mean, keys.secretKey), meanMove);
} catch (error) {
  if (!isMurmurError(error, 'PRIVACY_BUDGET_EXHAUSTED')) throw error;
  console.log(`refused: ${error.code}, before anything was decrypted\n`);
}

// Its own patients' scores the clinic may read itself, and must keep to itself.
using risk = must(clinic.read(computed.risk, { ...one, length: PATIENTS, level: 1, maxMagnitude: 1.001 }));
const scores = revealToKeyHolder(risk, keys.secretKey);
const plainScore = (i: number) =>
  0.3 * toUnit(ages[i] as number, AGE) + 0.5 * toUnit(pressures[i] as number, PRESSURE) + 0.1;
const worst = scores.reduce((most, score, i) => Math.max(most, Math.abs(score - plainScore(i))), 0);
console.log(
  `the clinic reads ${scores.length} risk scores of its own patients: largest error ${worst.toExponential(1)}`,
);

function must<T>(result: { ok: true; value: T } | { ok: false; reason: string; detail?: string }): T {
  if (result.ok) return result.value;
  throw new Error(`${result.reason}: ${result.detail}`);
}
