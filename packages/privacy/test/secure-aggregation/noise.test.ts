import { seededRandom, utf8 } from '@murmuration/core';
import { createSigner, sha3_256 } from '@murmuration/crypto';
import { describe, expect, test } from 'vitest';
import { atLeast, createDiscreteGaussian, rdpEpsilon, tau } from '../../src/index.ts';
import {
  createPlan,
  createStatementCommitter,
  groupNoiseEvent,
  type MaskingClient,
  survivorStatement,
} from '../../src/secure-aggregation/index.ts';
import { encodeServerMessage } from '../../src/secure-aggregation/messages.ts';
import { createWorld, devices, plainSum, runWorld, seededEntropy } from './world.ts';

const VARIANCE = 400;
const LENGTH = 10_000;

interface Calibration {
  readonly minSurvivors: number;
  readonly colluders?: number;
}

/**
 * Mean square of what a sum of the fewest survivors adds to the plain one, for who knows the noise of the first of them.
 * @param known survivors who work with the server and take their noise away again
 */
function noiseOf(calibration: Calibration, known: number): number {
  const drawn: Int32Array[] = [];
  const entropy = seededEntropy(`discrete Gaussian ${JSON.stringify(calibration)} ${known}`);
  const noise = (variance: number) => {
    const sampler = createDiscreteGaussian(entropy, atLeast(variance));
    const fill = (out: Int32Array) => {
      sampler.fill(out);
      drawn.push(out.slice());
    };
    return { fill };
  };
  const { minSurvivors } = calibration;
  const options = { size: 5, length: LENGTH, noiseVariance: VARIANCE, unsigned: true, ...calibration };
  const world = createWorld({ seedText: 'noise', ...options, client: { noise } });
  const { result } = runWorld(world, (member) => (member < 5 - minSurvivors ? 'shares' : 'none'));
  expect([result?.survivors.length, result?.outOfRange, drawn.length]).toEqual([minSurvivors, 0, 5]);
  const survivors = result?.survivors ?? [];
  const plain = plainSum(world.inputs, survivors);
  for (const member of survivors.slice(0, known)) {
    for (const [i, value] of (drawn[member] as Int32Array).entries()) plain[i] = (plain[i] as number) + value;
  }
  return plain.reduce((squares, value, i) => squares + ((result?.sum[i] as number) - value) ** 2, 0) / LENGTH;
}

test('the fewest survivors of a released sum carry the whole variance together, whatever their number', () => {
  // The mean square of 10,000 draws has a relative standard deviation of 1.4 %.
  for (const minSurvivors of [3, 4, 5]) {
    expect(Math.abs(noiseOf({ minSurvivors }, 0) / VARIANCE - 1)).toBeLessThan(0.05);
  }
});

test('colluders that take their noise away again leave the whole variance, where the plan counts them', () => {
  expect(Math.abs(noiseOf({ minSurvivors: 4, colluders: 1 }, 1) / VARIANCE - 1)).toBeLessThan(0.05);
  expect(Math.abs(noiseOf({ minSurvivors: 5, colluders: 2 }, 2) / VARIANCE - 1)).toBeLessThan(0.05);
  // Positive control: calibrated to survivors, honest or not, a quarter is missing.
  expect(noiseOf({ minSurvivors: 4 }, 1) / VARIANCE).toBeLessThan(0.8);
});

describe('a group with fewer survivors than its noise was calibrated for', () => {
  const options = { size: 5, noiseVariance: 16, minSurvivors: 4, unsigned: true };
  // The threshold alone would bear three.
  const entropy = seededEntropy('calibrated');
  const noise = (variance: number) => createDiscreteGaussian(entropy, atLeast(variance));
  const everyone = new Set([0, 1, 2, 3, 4]);

  test('is void at the server', () => {
    for (const [lost, voided] of [
      [1, undefined],
      [2, 'too-few-survivors'],
    ] as const) {
      const world = createWorld({ seedText: `lost ${lost}`, ...options, client: { noise } });
      expect(world.plan.threshold).toBe(3);
      const outcome = runWorld(world, (member) => (member < lost ? 'shares' : 'none'));
      expect([lost, outcome.voided, outcome.result === undefined]).toEqual([lost, voided, voided !== undefined]);
    }
  });

  test('gets no signature of a replica, and no share of a member even if it is committed', () => {
    const world = createWorld({ seedText: 'refused', ...options, client: { noise, isCommitted: () => true } });
    // To where everybody has sent its vector.
    runWorld({ ...world, clients: world.clients.map(untilMasked) });
    const signer = createSigner(sha3_256(utf8('replica')));
    const committee = { chainId: sha3_256(utf8('chain')), epoch: 0, keys: [signer.publicKey] };
    const committer = createStatementCommitter({ committee, signer, keyOf: () => undefined });
    for (const [survivors, signed, answered] of [
      [
        new Set([0, 1, 2]),
        { ok: false, reason: 'too-few-survivors' },
        { kind: 'refused', reason: 'too-few-survivors' },
      ],
      [new Set([0, 1, 2, 3]), { ok: true }, { kind: 'send' }],
    ] as const) {
      const statement = survivorStatement(world.plan, { sharers: everyone, survivors });
      expect(committer.sign(world.plan, statement)).toMatchObject(signed);
      const bytes = encodeServerMessage({ kind: 'survivors', statement, certificate: new Uint8Array(1) });
      expect(world.clients.slice(0, 3).map((client) => client.step({ kind: 'message', bytes }))).toMatchObject(
        Array.from({ length: 3 }, () => [answered]),
      );
    }
  });
});

/** A member that hears nothing after its vector has left. */
function untilMasked(client: MaskingClient): MaskingClient {
  return {
    get phase() {
      return client.phase;
    },
    step: (input) => (client.phase === 'masked' ? [] : client.step(input)),
  };
}

describe('what a released sum costs', () => {
  const random = seededRandom('costs');
  const plan = (noiseVariance: number, colluders = 1) =>
    createPlan({
      ...{ job: 'job', round: 1, group: 0, members: devices(8), seed: new Uint8Array(32).fill(random.below(256)) },
      ...{ length: 100, bound: 10, colluders, noiseVariance },
    });
  const epsilonOf = (event: ReturnType<typeof groupNoiseEvent>) =>
    event === null ? Number.NaN : rdpEpsilon({ adjacency: 'add-or-remove-one', events: [event] }, 1e-6).epsilon;

  test('is charged for the shares of honest survivors, which are fewer where members collude', () => {
    const costs = [0, 1, 2, 3].map((colluders) => {
      const masked = plan(900, colluders);
      const event = groupNoiseEvent(masked, 20);
      const shares = masked.minSurvivors - colluders;
      const sigma = expect.closeTo(30 / Math.sqrt(shares), 9);
      const mechanism = { kind: 'discrete-gaussian', sigma, shares, l2: 20, dimension: 100 };
      expect(event).toMatchObject({ mechanism, count: 1 });
      return epsilonOf(event);
    });
    // Calibrated to each number of colluders, all cost the same: that of σ over all.
    for (const cost of costs) expect(cost).toBeCloseTo(costs[0] as number, 9);
  });

  test('has the correction of summed discrete Gaussians in it, which counts where shares are small', () => {
    const central = (sigma: number) => {
      const one = groupNoiseEvent({ minSurvivors: 1, colluders: 0, noiseVariance: sigma * sigma, length: 100 }, 20);
      return epsilonOf(one);
    };
    // Four shares of deviation 1/2: τ is 0.24 a coordinate. Of deviation 3 it is nothing.
    const small = plan(1);
    expect(tau(0.5, 4)).toBeGreaterThan(0.1);
    expect(epsilonOf(groupNoiseEvent(small, 20))).toBeGreaterThan(1.01 * central(1));
    expect(epsilonOf(groupNoiseEvent(plan(36), 20))).toBeCloseTo(central(6), 9);
  });

  test('is without bound without noise, and refused where shares are too small for a proof', () => {
    const none = { minSurvivors: 4, colluders: 0, noiseVariance: null, length: 10 };
    expect(groupNoiseEvent(none, 20)).toBeNull();
    const thin = { ...none, noiseVariance: 0.9 };
    expect(() => groupNoiseEvent(thin, 20)).toThrow(expect.objectContaining({ code: 'OPTION_OUT_OF_RANGE' }));
  });
});
