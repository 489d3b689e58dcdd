import { seededRandom } from '@murmuration/core';
import { norm, subtract } from '@murmuration/kernels';
import { afterAll, describe, expect, test } from 'vitest';
import { createTrainer, type Dataset, type MlpSpec, parameterCount, takeSamples } from '../../src/index.ts';

const SPEC: MlpSpec = { inputs: 5, hidden: 7, classes: 3 };
const trainer = await createTrainer(SPEC);
afterAll(() => trainer[Symbol.asyncDispose]());

/** Three noisy clusters. */
function clusters(seed: string, size: number): Dataset {
  const random = seededRandom(seed);
  const labels = Int32Array.from({ length: size }, () => random.below(3));
  const values = new Float32Array(size * 5);
  for (let i = 0; i < values.length; i++) {
    const label = labels[Math.floor(i / 5)] as number;
    values[i] = random.unit() - 0.5 + (i % 5 === label ? 1 : 0);
  }
  return { features: { kind: 'dense', values }, labels, classes: ['a', 'b', 'c'], dimension: 5, size };
}

function start(seed = 'start'): Float32Array {
  const random = seededRandom(seed);
  return Float32Array.from({ length: parameterCount(SPEC) }, () => random.unit() - 0.5);
}

const RATES = { epochs: 1, batchSize: 16, learningRate: 0.1, momentum: 0 };
const data = clusters('train', 50);

test('one step goes down the gradient that finite differences of the loss measure', async () => {
  const weights = start();
  const request = { ...RATES, batchSize: 50, weights, data, random: seededRandom(1) };
  const { weights: after } = await trainer.train(request);
  let scale = 0;
  let largest = 0;
  for (let k = 0; k < weights.length; k++) {
    const loss = async (by: number) => {
      const moved = weights.slice();
      moved[k] = (moved[k] as number) + by;
      return (await trainer.evaluate(moved, data)).loss;
    };
    const measured = ((await loss(0.01)) - (await loss(-0.01))) / 0.02;
    const claimed = ((weights[k] as number) - (after[k] as number)) / 0.1;
    scale = Math.max(scale, Math.abs(measured));
    largest = Math.max(largest, Math.abs(measured - claimed));
  }
  expect(largest / scale).toBeLessThan(0.01);
});

test('momentum: two equal steps move by η·g and then by η·(μ·g + g′)', async () => {
  const full = { ...RATES, batchSize: 50, weights: start(), data, learningRate: 0.01 };
  const plain = await trainer.train({ ...full, epochs: 1, random: seededRandom(1) });
  const heavy = await trainer.train({ ...full, epochs: 2, momentum: 0.9, random: seededRandom(1) });
  // With so small a rate both gradients are nearly equal: the way is 1 + 1.9 steps.
  const way = (to: Float32Array) => norm(subtract(to, full.weights));
  expect(way(heavy.weights) / way(plain.weights)).toBeCloseTo(2.9, 1);
});

describe('training', () => {
  test('learns what can be learned, from batches that do not divide the samples', async () => {
    const weights = start();
    const before = await trainer.evaluate(weights, clusters('test', 301));
    const trained = await trainer.train({
      ...RATES,
      epochs: 40,
      momentum: 0.9,
      weights,
      data,
      random: seededRandom(2),
    });
    const after = await trainer.evaluate(trained.weights, clusters('test', 301));
    expect(trained.samples).toBe(50);
    expect(after.accuracy).toBeGreaterThan(0.85);
    expect(after.loss).toBeLessThan(before.loss / 2);
  });

  test('leaves the given weights alone and repeats itself for a seed', async () => {
    const weights = start();
    const request = { ...RATES, epochs: 2, weights, data };
    const one = await trainer.train({ ...request, random: seededRandom(3) });
    const other = await trainer.train({ ...request, random: seededRandom(4) });
    const again = await trainer.train({ ...request, random: seededRandom(3) });
    expect(weights).toEqual(start());
    expect(again.weights).toEqual(one.weights);
    expect(other.weights).not.toEqual(one.weights);
  });

  test('samples outside `indices` do not count', async () => {
    const odd = { ...data, labels: data.labels.map((label, i) => (i < 25 ? label : 2 - label)) };
    const indices = Array.from({ length: 25 }, (_, i) => i);
    const request = { ...RATES, weights: start(), indices };
    const one = await trainer.train({ ...request, data, random: seededRandom(5) });
    const other = await trainer.train({ ...request, data: odd, random: seededRandom(5) });
    expect(other.weights).toEqual(one.weights);
  });

  test('refuses weights, features, classes and batches that do not fit', async () => {
    const code = expect.objectContaining({ code: 'ENGINE_INPUT' });
    const request = { ...RATES, weights: start(), data, random: seededRandom(1) };
    await expect(trainer.train({ ...request, weights: new Float32Array(3) })).rejects.toThrow(code);
    await expect(trainer.train({ ...request, data: { ...data, dimension: 4 } })).rejects.toThrow(code);
    await expect(trainer.train({ ...request, data: { ...data, classes: ['a'] } })).rejects.toThrow(code);
    await expect(trainer.train({ ...request, batchSize: 0 })).rejects.toThrow(code);
    await expect(trainer.train({ ...request, indices: [] })).rejects.toThrow(code);
    await expect(trainer.evaluate(new Float32Array(3), data)).rejects.toThrow(code);
    const nothing = takeSamples(data, []);
    await expect(trainer.evaluate(start(), nothing)).rejects.toThrow(code);
  });

  test('trains one model at a time: a second call is our mistake and stops', async () => {
    const request = { ...RATES, weights: start(), data, random: seededRandom(1) };
    const first = trainer.train(request);
    await expect(trainer.train(request)).rejects.toThrow(/one model at a time/);
    expect((await first).samples).toBe(50);
  });

  test('says so when it diverges, in place of handing out NaN', async () => {
    const wild = { ...RATES, learningRate: 1e30, epochs: 3, weights: start(), data, random: seededRandom(1) };
    await expect(trainer.train(wild)).rejects.toThrow(expect.objectContaining({ code: 'ENGINE_DIVERGED' }));
  });

  test('stops before the next step when it is told to', async () => {
    const signal = AbortSignal.abort();
    const request = { ...RATES, weights: start(), data, random: seededRandom(1), signal };
    await expect(trainer.train(request)).rejects.toThrow(/abort/i);
  });
});
