import { readdirSync, readFileSync } from 'node:fs';
import { seededRandom } from '@murmuration/core';
import { describe, expect, test } from 'vitest';
import { bernoulliExp, bernoulliExpBig, bernoulliExpFraction } from '../../src/dp/noise/bernoulli.ts';
import { gaussianDraws } from '../../src/dp/noise/discrete-gaussian.ts';
import { laplaceDraws } from '../../src/dp/noise/discrete-laplace.ts';
import { integerSquareRoot, type Rational } from '../../src/dp/noise/rational.ts';
import { wordsFrom } from '../../src/dp/noise/words.ts';
import {
  atLeast,
  chiSquareFit,
  createDiscreteGaussian,
  createDiscreteLaplace,
  createTreeNoise,
  discreteGaussianProbability,
  discreteLaplaceProbability,
  drawPoisson,
  rational,
  toNumber,
} from '../../src/index.ts';
import { codeOf, seededEntropy } from './world.ts';

const MILLION = 1_000_000;

function countsOf(samples: number, draw: () => number): Map<number, number> {
  const counts = new Map<number, number>();
  for (let i = 0; i < samples; i++) {
    const x = draw();
    counts.set(x, (counts.get(x) ?? 0) + 1);
  }
  return counts;
}

describe('the discrete Gaussian', () => {
  test.each([
    ['σ = 8', rational(64), MILLION],
    ['σ = 0.5', rational(1, 4), MILLION / 4],
    ['σ² = 7/3', rational(7, 3), MILLION / 4],
  ] as const)('samples at %s fit by chi-square, a million at σ = 8', (_, variance, samples) => {
    const sampler = createDiscreteGaussian(seededEntropy(`fit ${variance.num}/${variance.den}`), variance);
    expect(sampler.path).toBe('number');
    const sigma2 = toNumber(variance);
    const fit = chiSquareFit(countsOf(samples, sampler.sample), discreteGaussianProbability(sigma2), 100);
    expect(fit.pValue).toBeGreaterThan(1e-3);
  });

  test('the same test fails a sampler that counts zero twice, by one missing rejection', () => {
    const words = wordsFrom(seededEntropy('planted'));
    const planted = () => {
      for (;;) {
        const u = words.below(9);
        if (!bernoulliExpFraction(words, u, 9)) continue;
        let x = u;
        while (bernoulliExpFraction(words, 1, 1)) x += 9;
        if (!bernoulliExp(words, (x * 9 - 64) ** 2, 2 * 64 * 81)) continue;
        return words.next() >= 2 ** 31 ? x : -x;
      }
    };
    const fit = chiSquareFit(countsOf(MILLION / 4, planted), discreteGaussianProbability(64), 100);
    expect(fit.pValue).toBeLessThan(1e-12);
  });

  test('the same test fails a sampler that is one too high in one draw of four', () => {
    const sampler = createDiscreteGaussian(seededEntropy('shifted'), rational(64));
    let draws = 0;
    const planted = () => sampler.sample() + (++draws % 4 === 0 ? 1 : 0);
    const fit = chiSquareFit(countsOf(MILLION / 4, planted), discreteGaussianProbability(64), 100);
    expect(fit.pValue).toBeLessThan(1e-12);
  });

  test('the same test fails a rounded continuous Gaussian at σ = 0.5', () => {
    const random = seededRandom('box-muller');
    const rounded = () => {
      const radius = Math.sqrt(-2 * Math.log((random.uint32() + 1) / 2 ** 32));
      return Math.round(0.5 * radius * Math.cos(2 * Math.PI * random.unit()));
    };
    const fit = chiSquareFit(countsOf(MILLION / 4, rounded), discreteGaussianProbability(0.25), 100);
    expect(fit.pValue).toBeLessThan(1e-12);
  });

  test('the BigInt path draws the same law', () => {
    const sampler = createDiscreteGaussian(seededEntropy('big'), rational(10n ** 30n + 1n, 4n * 10n ** 30n));
    expect(sampler.path).toBe('bigint');
    const fit = chiSquareFit(countsOf(40_000, sampler.sample), discreteGaussianProbability(0.25), 100);
    expect(fit.pValue).toBeGreaterThan(1e-3);
  });

  test('the BigInt path is right at a σ that Numbers cannot hold: 10^20', () => {
    const sampler = createDiscreteGaussian(seededEntropy('vast'), rational(10n ** 40n));
    let squares = 0;
    for (let i = 0; i < 2000; i++) squares += (Number(sampler.sampleBig()) / 1e20) ** 2;
    expect(Math.abs(squares / 2000 - 1)).toBeLessThan(4 * Math.sqrt(2 / 2000));
    expect(codeOf(sampler.sample)).toBe('PRIVACY_NOISE_OVERFLOW');
  });

  test('the Number path ends where 2σ²t²·16 reaches 2^53', () => {
    const path = (sigma: number) => createDiscreteGaussian(seededEntropy(''), rational(sigma * sigma)).path;
    const within = (sigma: number) => 2n * BigInt(sigma) ** 2n * (BigInt(sigma) + 1n) ** 2n * 16n < 2n ** 53n;
    for (const sigma of [8, 1000, 4094, 4095, 4096, 4097, 10_000]) {
      expect(path(sigma)).toBe(within(sigma) ? 'number' : 'bigint');
    }
    expect(path(1000)).toBe('number');
  });

  test('standard deviations are right from 1 to 4000', () => {
    for (const sigma of [1, 31, 1000, 4000]) {
      const sampler = createDiscreteGaussian(seededEntropy(`sd ${sigma}`), rational(sigma * sigma));
      let squares = 0;
      for (let i = 0; i < 50_000; i++) squares += sampler.sample() ** 2;
      expect(Math.abs(squares / 50_000 / sigma ** 2 - 1)).toBeLessThan(4.5 * Math.sqrt(2 / 50_000));
    }
  });
});

describe('the two paths', () => {
  /** How many of `draws` samples agree, each path reading a source of the same bytes. */
  function agreeing(
    draws: number,
    seed: string,
    numbers: (words: ReturnType<typeof wordsFrom>) => () => number,
    integers: (words: ReturnType<typeof wordsFrom>) => () => bigint,
  ): number {
    const a = numbers(wordsFrom(seededEntropy(seed)));
    const b = integers(wordsFrom(seededEntropy(seed)));
    let same = 0;
    for (let i = 0; i < draws; i++) if (BigInt(a()) === b()) same++;
    return same;
  }

  function gaussian(variance: Rational, of: Rational, draws: number): number {
    const numbers = (words: ReturnType<typeof wordsFrom>) => gaussianDraws(words, variance).draw as () => number;
    return agreeing(draws, `${variance.num}`, numbers, (words) => gaussianDraws(words, of).drawBig);
  }

  /** 2σ²t²·16 < 2^53, in integers. */
  function fits({ num, den }: Rational): boolean {
    const t = integerSquareRoot(num / den) + 1n;
    return 32n * num * den * t * t < 2n ** 53n;
  }

  /** The largest variance k/den of the Number path. */
  function largest(den: bigint): Rational {
    let [low, high] = [1n, 2n ** 60n];
    while (high - low > 1n) {
      const middle = (low + high) >> 1n;
      if (fits({ num: middle, den })) low = middle;
      else high = middle;
    }
    return { num: low, den };
  }

  test('draw the very same samples from the same bytes, also at the largest variances below 2^53', () => {
    for (const variance of [rational(64), rational(1, 4), rational(7, 3), rational(10 ** 6), rational(999_983, 1009)]) {
      expect(gaussian(variance, variance, 3000)).toBe(3000);
    }
    for (const den of [1n, 3n, 4n, 1024n, 1_000_003n, 2n ** 24n - 3n]) {
      const { num } = largest(den);
      const inside = rational(num, den);
      expect(gaussian(inside, inside, 1500)).toBe(1500);
      const beyond = rational(num + 1n, den);
      expect(gaussianDraws(wordsFrom(seededEntropy('')), beyond).draw === undefined).toBe(!fits(beyond));
    }
    for (const [num, den] of [
      [5, 1],
      [7, 3],
      [2 ** 43 - 1, 1],
      [2 ** 43 - 1, 2 ** 43 - 3],
      [1, 2 ** 43 - 3],
    ] as const) {
      const scale = rational(num, den);
      const numbers = (words: ReturnType<typeof wordsFrom>) => laplaceDraws(words, scale).draw as () => number;
      expect(agreeing(2000, `laplace ${num}`, numbers, (words) => laplaceDraws(words, scale).drawBig)).toBe(2000);
      expect(laplaceDraws(wordsFrom(seededEntropy('')), rational(2n ** 43n, BigInt(den) | 1n)).draw).toBeUndefined();
    }
  });

  test('known bad: a variance that is off by a millionth parts the two', () => {
    expect(gaussian(rational(64), rational(64_000_064, 1_000_000), 3000)).toBeLessThan(3000);
    expect(gaussian(rational(64), rational(65), 3000)).toBeLessThan(3000);
  });
});

describe('the discrete Laplace', () => {
  test.each([
    ['b = 5', rational(5)],
    ['b = 7/3', rational(7, 3)],
  ] as const)('300,000 samples at %s fit by chi-square, and fail for the scale beside it', (_, scale) => {
    const sampler = createDiscreteLaplace(seededEntropy(`laplace ${scale.num}`), scale);
    const counts = countsOf(300_000, sampler.sample);
    expect(chiSquareFit(counts, discreteLaplaceProbability(toNumber(scale)), 400).pValue).toBeGreaterThan(1e-3);
    expect(chiSquareFit(counts, discreteLaplaceProbability(1.02 * toNumber(scale)), 400).pValue).toBeLessThan(1e-6);
  });

  test('the BigInt path draws the same law', () => {
    const sampler = createDiscreteLaplace(seededEntropy('big'), rational(3n * 2n ** 60n, 2n ** 60n - 1n));
    expect(sampler.path).toBe('bigint');
    const fit = chiSquareFit(countsOf(40_000, sampler.sample), discreteLaplaceProbability(3), 200);
    expect(fit.pValue).toBeGreaterThan(1e-3);
  });
});

describe('parts of the samplers', () => {
  test('Bernoulli(exp(-γ)) has that mean on both paths, γ from 0 to 4', () => {
    const words = wordsFrom(seededEntropy('bernoulli'));
    for (const [num, den] of [
      [0, 7],
      [3, 7],
      [1, 1],
      [13, 5],
      [4, 1],
    ] as const) {
      const mean = Math.exp(-num / den);
      let [ones, big] = [0, 0];
      for (let i = 0; i < 20_000; i++) {
        if (bernoulliExp(words, num, den)) ones++;
        if (bernoulliExpBig(words, BigInt(num), BigInt(den))) big++;
      }
      const tolerance = 4.5 * Math.sqrt((mean * (1 - mean)) / 20_000) + 1e-9;
      expect(Math.abs(ones / 20_000 - mean)).toBeLessThan(tolerance);
      expect(Math.abs(big / 20_000 - mean)).toBeLessThan(tolerance);
    }
  });

  test('uniform draws below 2^53 stay below their bound and reach every third of it', () => {
    const words = wordsFrom(seededEntropy('uniform'));
    for (const bound of [1, 2, 3, 1000, 2 ** 32, 2 ** 32 + 1, 2 ** 40 + 7, 2 ** 53]) {
      const thirds = new Set<number>();
      for (let i = 0; i < 300; i++) {
        const draw = words.below(bound);
        expect(Number.isSafeInteger(draw) && draw >= 0 && draw < bound).toBe(true);
        expect(words.belowBig(BigInt(bound)) < BigInt(bound)).toBe(true);
        thirds.add(Math.floor((3 * draw) / bound));
      }
      expect(thirds.size).toBe(Math.min(bound, 3));
    }
  });

  test('stuck entropy ends in an error, not in a loop', () => {
    for (const byte of [0, 255]) {
      const entropy = { bytes: (length: number) => new Uint8Array(length).fill(byte) };
      expect(codeOf(() => createDiscreteGaussian(entropy, rational(100)).sample())).toBe('PRIVACY_ENTROPY_STUCK');
    }
  });

  test('an enemy who chooses the bytes can stall no draw: every loop has an end', () => {
    let bytes = 0;
    const hostile = (word: (i: number) => number) => {
      let i = 0;
      return {
        bytes: (length: number) => {
          bytes += length;
          if (bytes > 2 ** 26) throw new Error('64 MiB for one draw');
          return new Uint8Array(Uint32Array.from({ length: length / 4 }, () => word(i++)).buffer);
        },
      };
    };
    const random = seededRandom('hostile');
    const words: readonly ((i: number) => number)[] = [
      // The least and the most that 'one in e' accepts, what it rejects, and mixtures of these.
      () => 1_900_000_000,
      () => 3_832_012_799,
      (i) => (i % 999 === 998 ? 0xffffffff : 1_900_000_000),
      (i) => (i < 990 ? 1_900_000_000 : i === 990 ? 3_000_000_000 : 1_900_000_000),
      (i) => i % 2 ** 32,
      () => (random.below(100) === 0 ? random.uint32() : 1_900_000_000),
    ];
    for (const word of words) {
      for (const variance of [rational(100), rational(1, 10 ** 9), rational(10n ** 40n), rational(1, 10n ** 40n)]) {
        bytes = 0;
        const code = codeOf(() => createDiscreteGaussian(hostile(word), variance).sampleBig());
        expect([undefined, 'PRIVACY_ENTROPY_STUCK']).toContain(code);
        const other = codeOf(() => createDiscreteLaplace(hostile(word), variance).sampleBig());
        expect([undefined, 'PRIVACY_ENTROPY_STUCK']).toContain(other);
      }
    }
  });

  test('no sampler reads anything but the entropy that it was given: 10^5 draws, and the same again', () => {
    const folder = new URL('../../src/dp/', import.meta.url);
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
    expect(files.length).toBeGreaterThan(30);
    const chance = /\b(seededRandom|Random\b(?!ised)|Math\.random|randomBytes|getRandomValues|nowMs\(|Date\b)/;
    const clocked = new Set(['budget/ledger.ts']);
    for (const file of files.filter((name) => !clocked.has(name))) {
      expect([file, chance.exec(readFileSync(new URL(file, folder), 'utf8'))?.[0]]).toEqual([file, undefined]);
    }
    const draws = () => {
      const out = new Int32Array(100_000);
      createDiscreteGaussian(seededEntropy('twice'), rational(64)).fill(out);
      return out;
    };
    expect(draws()).toEqual(draws());
  });

  test('a source that gives fewer bytes than asked for is refused: what is missing would be zeros', () => {
    for (const missing of [1, 4, 1000]) {
      const short = { bytes: (length: number) => seededEntropy('short').bytes(Math.max(0, length - missing)) };
      expect(codeOf(() => createDiscreteGaussian(short, rational(9)).sample())).toBe('PRIVACY_ENTROPY_STUCK');
      expect(codeOf(() => drawPoisson(short, 9, rational(1, 2)))).toBe('PRIVACY_ENTROPY_STUCK');
    }
  });

  test('a scale that is no positive fraction is refused by the samplers too', () => {
    for (const scale of [
      { num: 0n, den: 1n },
      { num: -4n, den: 1n },
      { num: 4n, den: 0n },
      { num: 4n, den: -1n },
    ]) {
      expect(codeOf(() => createDiscreteGaussian(seededEntropy(''), scale))).toBe('PRIVACY_BAD_SCALE');
      expect(codeOf(() => createDiscreteLaplace(seededEntropy(''), scale))).toBe('PRIVACY_BAD_SCALE');
    }
  });

  test('noise that does not fit 32 bits is an error and leaves nothing behind', () => {
    const sampler = createDiscreteGaussian(seededEntropy('wide'), rational(2n ** 70n));
    const out = new Int32Array(8);
    expect(codeOf(() => sampler.fill(out))).toBe('PRIVACY_NOISE_OVERFLOW');
    expect([...out]).toEqual(Array(8).fill(0));
  });

  test('scales are positive fractions, rounded up and never down', () => {
    expect(codeOf(() => rational(0))).toBe('PRIVACY_BAD_SCALE');
    expect(codeOf(() => rational(0.5))).toBe('PRIVACY_BAD_SCALE');
    expect(codeOf(() => atLeast(Number.NaN))).toBe('OPTION_OUT_OF_RANGE');
    const random = seededRandom('scales');
    for (let i = 0; i < 200; i++) {
      const value = 1000 * random.unit() + 1e-6;
      expect(toNumber(atLeast(value))).toBeGreaterThanOrEqual(value);
      expect(toNumber(atLeast(value))).toBeLessThan(value + 0.2501);
    }
  });

  test('integer square roots are exact around every square', () => {
    for (const root of [1n, 2n, 3n, 1000n, 2n ** 31n, 10n ** 20n]) {
      expect(integerSquareRoot(root * root)).toBe(root);
      expect(integerSquareRoot(root * root - 1n)).toBe(root - 1n);
      expect(integerSquareRoot(root * root + 1n)).toBe(root);
    }
  });
});

describe('Poisson sampling', () => {
  test('each member enters at the rate, independently', () => {
    const entropy = seededEntropy('poisson');
    let [total, pairs] = [0, 0];
    for (let i = 0; i < 2000; i++) {
      const { members } = drawPoisson(entropy, 50, rational(1, 5));
      total += members.length;
      if (members.includes(3) && members.includes(4)) pairs++;
    }
    expect(Math.abs(total / 100_000 - 0.2)).toBeLessThan(0.006);
    expect(Math.abs(pairs / 2000 - 0.04)).toBeLessThan(0.018);
  });

  test('a rate above one is refused', () => {
    expect(codeOf(() => drawPoisson(seededEntropy(''), 5, rational(6, 5)))).toBe('OPTION_OUT_OF_RANGE');
  });
});

describe('tree noise', () => {
  test('prefix t holds one draw for each bit of t, and shares those of common subtrees', () => {
    let draws = 0;
    const counting = {
      path: 'number' as const,
      sample: () => 0,
      sampleBig: () => 0n,
      fill: (out: Int32Array | Float64Array) => out.fill(4 ** draws++),
    };
    const tree = createTreeNoise(counting, 2, 15);
    const seen = Array.from({ length: 15 }, () => tree.next()[0] as number);
    // Draw i counts 4^i, so the base-4 digits of a prefix's noise name the draws in it.
    expect(seen.map((sum) => [...sum.toString(4)].filter((digit) => digit === '1').length)).toEqual(
      seen.map((_, i) => [...(i + 1).toString(2)].filter((bit) => bit === '1').length),
    );
    expect(seen[2]).toBe(4 ** 1 + 4 ** 2);
    expect(seen[6]).toBe(4 ** 3 + 4 ** 5 + 4 ** 6);
    expect(codeOf(() => tree.next())).toBe('PRIVACY_TREE_FULL');
  });

  test('a draw that fails moves nothing on: no later prefix lacks its noise', () => {
    for (const failing of [1, 2, 3, 4, 7, 8]) {
      let calls = 0;
      const flaky = {
        path: 'number' as const,
        sample: () => 0,
        sampleBig: () => 0n,
        fill: (out: Int32Array | Float64Array) => {
          if (++calls === failing) throw new Error('no entropy');
          out.fill(1);
        },
      };
      const tree = createTreeNoise(flaky, 1, 12);
      const draws: number[] = [];
      while (draws.length < 12) {
        try {
          draws.push(tree.next()[0] as number);
        } catch {
          expect(tree.steps).toBe(draws.length);
        }
      }
      expect(draws).toEqual([1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2]);
    }
  });
});
