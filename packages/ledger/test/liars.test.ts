import { toHex } from '@murmuration/core';
import { expect, test } from 'vitest';
import { createLedger, type Ledger, restoreLedger, verifyEvidenceBundle } from '../src/index.ts';
import { createTraffic, type Traffic } from './traffic.ts';

const SEEDS = Array.from({ length: 12 }, (_, seed) => seed);
const BLOCKS = 60;

const runs = new Map<number, Traffic>();

function runOf(seed: number): Traffic {
  const known = runs.get(seed);
  if (known !== undefined) return known;
  const traffic = createTraffic(seed, seed % 2 === 0 ? 4 : 7);
  for (let i = 0; i < BLOCKS; i++) traffic.block();
  runs.set(seed, traffic);
  return traffic;
}

test.each(SEEDS)('seed %i: whatever f liars send, no honest device is quarantined and training goes on', (seed) => {
  const { world, honest, liars } = runOf(seed);
  const { ledger } = world;
  for (const { device } of honest) expect(ledger.quarantines().map((entry) => entry.device)).not.toContain(device);
  for (const { accused } of ledger.evidence()) expect(liars.map(({ device }) => device)).toContain(accused);
  expect(ledger.job('job')?.round).toBeGreaterThan(4);
});

test('the liars of these seeds are caught, by each kind of evidence that the ledger finds', () => {
  const caught = new Set<string>();
  for (const { world } of SEEDS.map(runOf)) {
    for (const event of world.applied.flatMap(({ events }) => events)) {
      if (event.kind !== 'quarantined') continue;
      caught.add(event.reason);
      const finding = verifyEvidenceBundle(event.bundle, { chainId: world.ledger.chainId });
      expect(finding).toMatchObject({ ok: true, value: { id: event.evidenceId, accused: event.device } });
    }
  }
  expect([...caught].sort()).toEqual(['double-update', 'poisoned-updates', 'result-mismatch']);
});

test.each([100, 101, 102])(
  'seed %i: apply is a function of genesis and blocks, and a snapshot of any height goes on alike',
  (seed) => {
    const { world, block } = createTraffic(seed);
    for (let i = 0; i < 40; i++) block();
    const straight = createLedger(world.genesis);
    let hopping: Ledger = createLedger(world.genesis);
    for (const each of world.blocks) {
      const expected = straight.apply(each);
      const got = hopping.apply(each);
      expect(got).toEqual(expected);
      expect(toHex(hopping.root())).toBe(toHex(straight.root()));
      const restored = restoreLedger(world.genesis, hopping.snapshot(), straight.root());
      if (!restored.ok) throw new Error(`${restored.reason} ${restored.detail}`);
      hopping = restored.value;
    }
    expect(toHex(hopping.root())).toBe(toHex(world.ledger.root()));
    expect(hopping.snapshot()).toEqual(world.ledger.snapshot());
  },
);
