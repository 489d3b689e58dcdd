import { memoryStore, seededRandom } from '@murmuration/core';
import { createIdentity } from '@murmuration/identity';
import { decodePlan } from '@murmuration/learning';
import { createLedger } from '@murmuration/ledger';
import { describe, expect, test } from 'vitest';
import { DataPlaces } from '../src/adapters/data-places.ts';
import type { OpenJobRequest } from '../src/index.ts';
import { planJob } from '../src/plan-job.ts';

const random = seededRandom('jobs');
const entropy = { bytes: (length: number) => Uint8Array.from({ length }, () => random.below(256)) };
const validity = { nowMs: 1000, validForMs: 1e10, capabilities: [] };

const CERTIFICATES = Array.from({ length: 15 }, () => createIdentity(entropy, validity).identity.certificateBytes);

function ledgerOf(devices: number) {
  const replicas = CERTIFICATES.slice(0, devices);
  const names = replicas.map((_, i) => `device-${i}`);
  return createLedger({ name: 'jobs', createdMs: 1000, seed: new Uint8Array(32), replicas, names });
}

const REQUEST = { data: 'digits', rounds: 4, strategy: 'nnm-trimmed-mean', alpha: 0.5 } as const;

async function planOf(
  devices: number,
  privacy: OpenJobRequest['privacy'] & object,
  rest: Partial<OpenJobRequest> = {},
) {
  const places = new DataPlaces(memoryStore());
  const planned = await planJob({ ...REQUEST, ...rest, privacy }, places, ledgerOf(devices), {});
  if (!planned.ok) throw new Error(planned.reason);
  const plan = decodePlan(planned.value.plan);
  if (!plan.ok) throw new Error(plan.reason);
  return plan.value;
}

describe('private rounds that a person asks for', () => {
  test('expect as many liars as groups bear, at most the plan’s', async () => {
    expect((await planOf(10, {})).faulty).toBe(0);
    expect((await planOf(15, {})).faulty).toBe(1);
    expect((await planOf(15, {}, { strategy: 'mean' })).faulty).toBe(0);
  });

  test('have masks only, or noise for the rounds of the job', async () => {
    expect((await planOf(10, {})).privacy).toMatchObject({ groupSize: 5, clippingNorm: 2, colluders: 1, noise: null });
    expect((await planOf(10, { epsilon: 8 })).privacy?.noise).toMatchObject({ epsilon: 8, delta: 1e-5 });
    const given = await planOf(10, { noise: 1, delta: 1e-6 });
    expect(given.privacy?.noise).toMatchObject({ delta: 1e-6 });
  });

  test('are refused where replicas may change', async () => {
    const planned = planJob({ ...REQUEST, privacy: {} }, new DataPlaces(memoryStore()), ledgerOf(10), {
      lookahead: 16,
    });
    expect(await planned).toMatchObject({ ok: false, reason: 'changing-replicas' });
  });

  test('are refused with the row of the table, and where two wishes exclude each other', async () => {
    await expect(planOf(7, {})).rejects.toThrow(expect.objectContaining({ code: 'PRIVATE_ROUNDS_TOLERANCE' }));
    await expect(planOf(15, {}, { faulty: 2 })).rejects.toThrow('training bears 1 poisoners');
    await expect(planOf(10, { epsilon: 8, noise: 1 })).rejects.toThrow(
      expect.objectContaining({ code: 'PRIVACY_PLAN_OPTIONS' }),
    );
  });
});
