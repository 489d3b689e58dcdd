import { memoryStore, seededRandom } from '@murmuration/core';
import { describe, expect, test } from 'vitest';
import {
  createBudgetLedger,
  drawPoisson,
  type PoissonDraw,
  type PrivacyPlan,
  pldEpsilon,
  privacyEvent,
  rational,
  rdpEpsilon,
  verifyGuarantees,
} from '../../src/index.ts';
import { codeOf, codeOfAsync, gaussianPlan, seededEntropy } from './world.ts';

describe('verifyGuarantees', () => {
  const plan = gaussianPlan(1.1, 256 / 60000, 14062);

  test('proves what PLD proves where RDP cannot, and names what must be true of the run', () => {
    expect(rdpEpsilon(plan, 1e-5).epsilon).toBeGreaterThan(2.5);
    const verdict = verifyGuarantees(plan, { epsilon: 2.4, delta: 1e-5, population: 60_000 });
    expect(verdict).toMatchObject({ holds: true, method: 'pld' });
    expect(verdict.holds && verdict.epsilon).toBeCloseTo(2.3817, 3);
    expect(verdict.holds && verdict.assumptions.some((line) => line.includes('independently at rate'))).toBe(true);
  });

  test('refuses with the cost where the plan is too dear', () => {
    const verdict = verifyGuarantees(plan, { epsilon: 2.3, delta: 1e-5 });
    expect(verdict).toMatchObject({ holds: false, reason: 'epsilon-exceeded' });
    expect(!verdict.holds && verdict.epsilon).toBeGreaterThan(2.38);
  });

  test('refuses a delta that permits to publish a record', () => {
    const verdict = verifyGuarantees(plan, { epsilon: 8, delta: 1e-4, population: 60_000 });
    expect(verdict).toMatchObject({ holds: false, reason: 'delta-too-large' });
  });

  test('refuses plans that are empty or malformed, with words and without throwing', () => {
    const adjacency = 'add-or-remove-one';
    expect(verifyGuarantees({ adjacency, events: [] }, { epsilon: 1, delta: 1e-6 })).toMatchObject({
      holds: false,
      reason: 'empty-plan',
    });
    const bad: PrivacyPlan = {
      adjacency,
      events: [{ mechanism: { kind: 'zcdp', rho: 1 }, sampling: { kind: 'poisson', rate: 0.1 }, count: 1 }],
    };
    const verdict = verifyGuarantees(bad, { epsilon: 1, delta: 1e-6 });
    expect(verdict).toMatchObject({ holds: false, reason: 'malformed-plan' });
    expect(!verdict.holds && verdict.detail).toContain('amplification');
  });

  test('never throws for a plan, whatever it is made of, and says what is wrong', () => {
    const event = plan.events[0];
    const shapes: readonly (readonly [unknown, string])[] = [
      [null, 'no list of events'],
      [{ adjacency: 'add-or-remove-one' }, 'no list of events'],
      [{ adjacency: 'replace', events: [event] }, '"replace" is no neighbouring relation'],
      [{ adjacency: 'replace-one', events: [null] }, 'lacks its mechanism'],
      [
        { adjacency: 'replace-one', events: [{ ...event, mechanism: { kind: 'gausian' } }] },
        '"gausian" is no mechanism',
      ],
      [{ adjacency: 'replace-one', events: [{ ...event, sampling: { kind: 'shuffle' } }] }, '"shuffle" is no sampling'],
      [{ adjacency: 'replace-one', events: [{ ...event, count: 0.5 }] }, 'count of an event is 0.5'],
      [{ adjacency: 'replace-one', events: [{ ...event, sampling: { kind: 'poisson', rate: 2 } }] }, 'rate of Poisson'],
    ];
    for (const [shape, words] of shapes) {
      const verdict = verifyGuarantees(shape as PrivacyPlan, { epsilon: 1, delta: 1e-6 });
      expect(verdict).toMatchObject({ holds: false, reason: 'malformed-plan' });
      expect(!verdict.holds && verdict.detail).toContain(words);
    }
  });

  test('fixed batches that claim to be a Poisson sample: the plan is proven for draws only, and the ledger wants them', async () => {
    const claimed = privacyEvent({ kind: 'gaussian', noiseMultiplier: 5 }, { kind: 'poisson', rate: 0.01 });
    const honest = privacyEvent(claimed.mechanism, { kind: 'fixed-size', size: 10, population: 1000 });
    const guarantee = { epsilon: 0.2, delta: 1e-6 };
    const planned = (event: typeof claimed): PrivacyPlan => ({ adjacency: 'add-or-remove-one', events: [event] });
    expect(verifyGuarantees(planned(honest), guarantee)).toMatchObject({ holds: false, reason: 'epsilon-exceeded' });
    const proof = verifyGuarantees(planned(claimed), guarantee);
    expect(proof.holds && proof.assumptions.join()).toContain('drawn independently at rate 0.01');
    const ledger = createBudgetLedger({ store: memoryStore(), clock: { nowMs: () => 0 } });
    const account = { owner: 'a', dataset: 'b' };
    await ledger.open(account, { ...guarantee, adjacency: 'add-or-remove-one' });
    const batch = {
      rate: 0.01,
      population: 1000,
      members: Uint32Array.from({ length: 10 }, (_, i) => i),
      charge: () => {},
    };
    for (const draws of [[], [batch as object as PoissonDraw]]) {
      const charge = { purpose: 'a step', events: [claimed], draws };
      expect(await codeOfAsync(() => ledger.release(account, charge, () => 1))).toBe('PRIVACY_SAMPLING_NOT_EXECUTED');
    }
    const charge = { purpose: 'a step', events: [honest] };
    expect(await codeOfAsync(() => ledger.release(account, charge, () => 1))).toBe('PRIVACY_BUDGET_EXHAUSTED');
    const draws = [drawPoisson(seededEntropy('verify'), 1000, rational(1, 100))];
    expect(await ledger.release(account, { purpose: 'a step', events: [claimed], draws }, () => 1)).toBe(1);
  });

  test('a guarantee that is none is the caller’s error', () => {
    expect(codeOf(() => verifyGuarantees(plan, { epsilon: -1, delta: 1e-5 }))).toBe('OPTION_OUT_OF_RANGE');
    expect(codeOf(() => verifyGuarantees(plan, { epsilon: 1, delta: 0 }))).toBe('OPTION_OUT_OF_RANGE');
  });

  test('fixed-size sampling and replace-one are charged as if all took part, and the proof says so', () => {
    const mechanism = { kind: 'gaussian', noiseMultiplier: 20 } as const;
    const fixed = privacyEvent(mechanism, { kind: 'fixed-size', size: 10, population: 1000 });
    const drawn = privacyEvent(mechanism, { kind: 'poisson', rate: 0.01 });
    const full = privacyEvent(mechanism);
    for (const [event, adjacency] of [
      [fixed, 'add-or-remove-one'],
      [fixed, 'replace-one'],
      [drawn, 'replace-one'],
    ] as const) {
      const verdict = verifyGuarantees({ adjacency, events: [event] }, { epsilon: 2, delta: 1e-6 });
      expect(verdict.holds && verdict.epsilon).toBe(pldEpsilon({ adjacency, events: [full] }, 1e-6));
      expect(verdict.holds && verdict.assumptions.join()).toContain('as if all records took part');
    }
  });

  test('what is proven also holds at any larger ε and δ: 20 random plans', () => {
    const random = seededRandom('verify');
    for (let i = 0; i < 20; i++) {
      const some = gaussianPlan(0.8 + 4 * random.unit(), 0.05 + 0.5 * random.unit(), 1 + random.below(50));
      const verdict = verifyGuarantees(some, { epsilon: 3, delta: 1e-6 });
      if (verdict.holds) expect(verifyGuarantees(some, { epsilon: 3.1, delta: 1e-5 }).holds).toBe(true);
      else expect(verifyGuarantees(some, { epsilon: 2.9, delta: 1e-7 }).holds).toBe(false);
    }
  });
});
