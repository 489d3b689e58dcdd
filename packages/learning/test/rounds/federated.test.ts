import { deviceIdFromDigest, seededRandom } from '@murmuration/core';
import { norm, subtract } from '@murmuration/kernels';
import { afterAll, describe, expect, test } from 'vitest';
import {
  aggregate,
  applyAggregate,
  createTrainer,
  defaultPlan,
  type FederatedOptions,
  initialModel,
  loadData,
  localRandom,
  localUpdate,
  modelHash,
  modelSpec,
  runFederated,
} from '../../src/index.ts';

const PLAN = {
  ...defaultPlan('digits'),
  dataset: { kind: 'digits', train: 1400, test: 300 },
  model: { hidden: 24, features: 784 },
  localSamples: 320,
  learningRate: 0.1,
} as const;
const trainer = await createTrainer(modelSpec(PLAN));
afterAll(() => trainer[Symbol.asyncDispose]());
const dataset = loadData(PLAN);

const ROUNDS = 6;
const ONLY = deviceIdFromDigest(new Uint8Array(32));
const LIAR = { client: 2, attack: 'inner-product-manipulation' };

function federate(options: Partial<FederatedOptions> = {}) {
  return runFederated({ plan: PLAN, dataset, trainer, rounds: ROUNDS, evaluateEvery: 100, ...options });
}

describe('one client with all samples in one batch', () => {
  const plan = {
    ...PLAN,
    localSamples: 0,
    localEpochs: 1,
    batchSize: dataset.train.size,
    learningRate: 0.3,
    momentum: 0,
  };

  test('equals central training, to the rounding of float32', async () => {
    let model = initialModel(plan);
    for (let round = 0; round < 5; round++) {
      const work = { plan, model, data: dataset.train, round, random: localRandom(plan, 'only', round) };
      const { delta, samples } = await localUpdate(trainer, work);
      model = applyAggregate(model, aggregate(plan, [{ device: ONLY, delta, samples }]).aggregate, plan);
    }
    const central = await trainer.train({
      weights: initialModel(plan),
      data: dataset.train,
      epochs: 5,
      batchSize: dataset.train.size,
      learningRate: 0.3,
      momentum: 0,
      random: seededRandom('order does not matter'),
    });
    const way = norm(subtract(central.weights, initialModel(plan)));
    expect(norm(subtract(model, central.weights)) / way).toBeLessThan(1e-4);
  });

  test('equals it to the grain of 8-bit updates when they are encoded', async () => {
    const federated = await federate({ plan, clients: 1, rounds: 5 });
    const central = await trainer.train({
      ...plan,
      weights: initialModel(plan),
      data: dataset.train,
      epochs: 5,
      random: seededRandom(1),
    });
    const way = norm(subtract(central.weights, initialModel(plan)));
    expect(norm(subtract(federated.model, central.weights)) / way).toBeLessThan(0.02);
  });
});

describe('seven clients', async () => {
  const clean = await federate();

  test('without liars: it learns, everybody is accepted, and a second run has the same bits', async () => {
    const again = await federate();
    expect(clean.accuracy).toBeGreaterThan(0.5);
    expect(clean.removed).toEqual([]);
    expect(
      clean.history.every(({ verdicts }) => verdicts.length === 7 && verdicts.every(({ accepted }) => accepted)),
    ).toBe(true);
    expect(modelHash(again.model)).toEqual(modelHash(clean.model));
  });

  test('with a poisoner and a departure: within 0.9 of that; the poisoner is out after two rounds, nobody else is flagged', async () => {
    const attacked = await federate({ liars: [LIAR], departures: [{ client: 5, round: 1 }] });
    expect(attacked.accuracy).toBeGreaterThan(0.9 * clean.accuracy);
    expect(attacked.removed).toEqual([{ client: 2, round: 1 }]);
    for (const { round, verdicts, clients } of attacked.history) {
      expect(clients.includes(2)).toBe(round < 2);
      expect(clients.includes(5)).toBe(round < 1);
      for (const [i, { outlier }] of verdicts.entries()) expect(outlier).toBe(clients[i] === LIAR.client);
    }
  });

  test('with the same poisoner the plain mean stays below half, and flags nobody', async () => {
    const broken = await federate({ liars: [LIAR], strategy: 'mean' });
    expect(broken.accuracy).toBeLessThan(0.5 * clean.accuracy);
    expect(broken.removed).toEqual([]);
  });

  test('honest devices are never outliers, on a few seeds, before and after the liar is out', async () => {
    for (const seed of [11, 12, 13]) {
      const run = await federate({ seed, rounds: 4, liars: [{ client: seed % 7, attack: LIAR.attack }] });
      const flagged = run.history.flatMap(({ verdicts, clients }) => clients.filter((_, i) => verdicts[i]?.outlier));
      expect(new Set(flagged)).toEqual(new Set([seed % 7]));
      expect(run.removed).toEqual([{ client: seed % 7, round: 1 }]);
    }
  });

  test('a round without any update keeps the model', async () => {
    const everybody = Array.from({ length: 7 }, (_, client) => ({ client, round: 0 }));
    const run = await federate({ rounds: 2, departures: everybody });
    expect(run.model).toEqual(initialModel(PLAN));
  });

  test('an unknown attack is refused by name', async () => {
    await expect(federate({ liars: [{ client: 0, attack: 'nope' }] })).rejects.toThrow(
      expect.objectContaining({ code: 'FEDERATED_OPTIONS' }),
    );
  });
});

test('names: the demonstration’s plan learns from the first rounds on, with a poisoner among seven', async () => {
  const plan = defaultPlan('names');
  const run = await runFederated({ plan, dataset: loadData(plan), rounds: 3, liars: [LIAR], evaluateEvery: 3 });
  expect(run.accuracy).toBeGreaterThan(0.4);
  expect(run.removed).toEqual([{ client: 2, round: 1 }]);
});
