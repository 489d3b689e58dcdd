import { toHex } from '@murmuration/core';
import { expect, test } from 'vitest';
import { REPLAY_WINDOW, restoreLedger } from '../../src/index.ts';
import { createWorld, hashOf, openJob, replica, update } from '../fixtures.ts';

test('the same bytes twice have one effect, and the second receipt tells the first', () => {
  const world = createWorld(4);
  const sender = replica(world, 0);
  const request = world.sign(sender, openJob());
  const [first] = world.apply(request, request).receipts;
  expect(first).toMatchObject({ outcome: 'applied', first: null });
  const told = { height: 1, outcome: 'applied', reason: null, fee: 0n };
  expect(world.applied[0]?.receipts[1]).toMatchObject({ outcome: 'duplicate', reason: 'duplicate', first: told });
  expect(world.apply(request).receipts).toMatchObject([{ outcome: 'duplicate', first: told }]);
  expect(world.ledger.receiptOf(sender.device, 1)).toEqual(told);
  expect(world.ledger.jobs()).toHaveLength(1);
});

test('a refusal is repeated as it was, though the command could go ahead by now', () => {
  const world = createWorld(4);
  const early = world.sign(replica(world, 1), update(1, hashOf(1)));
  expect(world.apply(early).receipts).toMatchObject([{ outcome: 'refused', reason: 'unknown-job' }]);
  world.send(replica(world, 0), openJob());
  expect(world.apply(early).receipts).toMatchObject([
    { outcome: 'duplicate', first: { height: 1, outcome: 'refused', reason: 'unknown-job' } },
  ]);
  expect(world.ledger.round('job', 1)?.updates).toEqual([]);
});

test('another command with a used number is refused, and told apart from a duplicate', () => {
  const world = createWorld(4);
  const sender = replica(world, 0);
  world.apply(world.signAs(sender, 1, openJob()));
  expect(world.apply(world.signAs(sender, 1, openJob('other'))).receipts).toMatchObject([
    { outcome: 'refused', reason: 'sequence-used', first: null },
  ]);
});

test('receipts are kept for the last 64 numbers, through a snapshot; older bytes have no effect either', () => {
  const world = createWorld(4);
  const sender = replica(world, 0);
  const requests = Array.from({ length: REPLAY_WINDOW + 6 }, (_, i) => world.sign(sender, openJob(`job-${i}`, 1)));
  world.apply(...requests);
  const restored = restoreLedger(world.genesis, world.ledger.snapshot(), world.ledger.root());
  if (!restored.ok) throw new Error(restored.reason);
  for (const ledger of [world.ledger, restored.value]) {
    expect(ledger.receiptOf(sender.device, 6)).toBeUndefined();
    expect(ledger.receiptOf(sender.device, 7)).toMatchObject({ height: 1 });
  }
  const block = { height: 2, timeMs: world.nowMs, requests };
  const { receipts } = world.ledger.apply(block);
  expect(receipts.slice(0, 6).map(({ reason }) => reason)).toEqual(Array(6).fill('sequence-too-old'));
  expect(receipts.slice(6).every(({ outcome, first }) => outcome === 'duplicate' && first?.height === 1)).toBe(true);
  expect(restored.value.apply(block).receipts).toEqual(receipts);
  expect(toHex(restored.value.root())).toBe(toHex(world.ledger.root()));
});
