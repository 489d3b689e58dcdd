import { type DeviceId, deviceIdFromDigest, type Result, seededRandom, toHex } from '@murmuration/core';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  assembleLedger,
  createLedger,
  type FeePolicy,
  type Ledger,
  MAX_CHUNK_BYTES,
  type RoundEntry,
  type UpdateEntry,
  verifyGenesis,
} from '../../src/index.ts';
import { roundKey } from '../../src/learning/schema.ts';
import { chainOf, ledgerOf } from '../../src/ledger.ts';
import { readChunk } from '../../src/snapshot/chunk.ts';
import { decodeSnapshot } from '../../src/snapshot/snapshot.ts';
import { createLedgerState } from '../../src/state/ledger-state.ts';
import { at, createWorld, flipped, genesisOf, hashOf, openJob, replica, runRound, verdictOn } from '../fixtures.ts';

/** A policy that fills its table, so that the state has a few hundred leaves. */
const filler: FeePolicy = {
  id: 'test/filler/1',
  open: (state) => {
    const random = seededRandom('filler');
    const some = () => Uint8Array.from({ length: random.below(4000) }, () => random.below(256));
    for (let i = 0; i < 150; i++) state.set(`k${i}`, some());
  },
  before: () => ({ fee: 0n }),
};
const options = { fees: filler };
const genesis = { ...genesisOf(1), fees: filler.id };

let ledger: Ledger;
let root: Uint8Array;
let chunks: readonly Uint8Array[];
beforeAll(() => {
  ledger = largeLedger();
  root = ledger.root();
  chunks = ledger.chunks();
});

/** One round has a thousand verdicts, which takes several chunks. */
function largeLedger(): Ledger {
  const world = Object.assign(createWorld(1), { genesis, ledger: createLedger(genesis, options) });
  world.send(replica(world, 0), openJob());
  runRound(world, 1);
  const snapshot = decodeSnapshot(world.ledger.snapshot());
  if (!snapshot.ok) throw new Error(snapshot.reason);
  const state = createLedgerState();
  const loaded = state.store.load(snapshot.value.entries);
  if (!loaded.ok) throw new Error(loaded.reason);
  const round = world.ledger.round('job', 1) as RoundEntry;
  const devices: DeviceId[] = Array.from({ length: 1000 }, (_, i) => deviceIdFromDigest(hashOf(i)));
  state.rounds.set(roundKey('job', 1), {
    ...round,
    updates: devices.map((device) => ({ ...(round.updates[0] as UpdateEntry), device })),
    verdicts: devices.map((device) => verdictOn(device)),
  });
  return ledgerOf(chainOf(verifyGenesis(genesis), options), state);
}

const kindOf = (wire: Uint8Array) => {
  const read = readChunk(wire, root);
  return read.ok ? read.value.kind : read.reason;
};

function wholeFrom(parts: readonly Uint8Array[]): Result<Ledger> {
  const assembly = assembleLedger(genesis, root, options);
  for (const part of parts) {
    const taken = assembly.take(part, 'somebody');
    if (!taken.ok) return taken;
  }
  return assembly.ledger();
}

test('a state is cut into bounded chunks, always the same ones, and a value above 64 KiB into pieces', () => {
  expect(Math.max(...chunks.map(({ length }) => length))).toBeLessThanOrEqual(MAX_CHUNK_BYTES);
  const kinds = chunks.map(kindOf);
  expect(kinds.filter((kind) => kind === 'entries').length).toBeGreaterThan(3);
  expect(kinds.filter((kind) => kind === 'piece').length).toBeGreaterThan(2);
  const again = wholeFrom(chunks);
  if (!again.ok) throw new Error(again.reason);
  expect(again.value.chunks()).toEqual(chunks);
});

test('put together again it has the root, and goes on as the original', () => {
  const copy = wholeFrom(chunks);
  if (!copy.ok) throw new Error(copy.reason);
  expect(toHex(copy.value.root())).toBe(toHex(root));
  expect(copy.value.snapshot()).toEqual(ledger.snapshot());
  const block = { height: ledger.height + 1, timeMs: ledger.timeMs, requests: [] };
  copy.value.apply(block);
  const original = largeLedger();
  original.apply(block);
  expect(toHex(copy.value.root())).toBe(toHex(original.root()));
});

test('an interrupted transfer goes on where it was, with another giver', () => {
  const half = Math.floor(chunks.length / 2);
  const first = assembleLedger(genesis, root, options);
  for (const chunk of chunks.slice(0, half)) expect(first.take(chunk, 'giver 1').ok).toBe(true);
  expect([first.next, first.done]).toEqual([half, false]);
  expect(first.ledger()).toMatchObject({ reason: 'incomplete' });
  // A process that died in between has what it kept.
  const second = assembleLedger(genesis, root, options);
  for (const chunk of chunks.slice(0, half)) expect(second.take(chunk, 'own disk').ok).toBe(true);
  for (const chunk of chunks.slice(second.next)) expect(second.take(chunk, 'giver 2').ok).toBe(true);
  expect(second.done && second.ledger().ok).toBe(true);
  expect(second.take(at(chunks, 0), 'giver 2')).toMatchObject({ reason: 'complete' });
});

describe('a wrong chunk', () => {
  test('is named with its giver, changes nothing, and can come right from another', () => {
    const assembly = assembleLedger(genesis, root, options);
    expect(assembly.take(at(chunks, 0), 'honest').ok).toBe(true);
    const rotten = flipped(at(chunks, 1), 900);
    expect(assembly.take(rotten, 'liar')).toMatchObject({ ok: false, detail: 'chunk 1 from liar' });
    expect(assembly.take(at(chunks, 2), 'hasty')).toMatchObject({
      reason: 'wrong-place',
      detail: 'chunk 1 from hasty',
    });
    for (const chunk of chunks.slice(1)) expect(assembly.take(chunk, 'honest').ok).toBe(true);
    expect(assembly.ledger().ok).toBe(true);
  });

  test('of another state is refused, though it is whole', () => {
    const other = createLedger(genesis, options).chunks();
    expect(assembleLedger(genesis, root, options).take(at(other, 0), 'x')).toMatchObject({ reason: 'wrong-proof' });
  });

  test('with any bit flipped is refused', () => {
    const random = seededRandom('bits');
    for (const which of [0, chunks.length - 1, chunks.findIndex((chunk) => kindOf(chunk) === 'piece')]) {
      const chunk = at(chunks, which);
      const read = readChunk(chunk, root);
      expect(read.ok).toBe(true);
      const bits = Array.from({ length: 150 }, () => random.below(chunk.length * 8));
      // The head and the proof at the end whole, the content by sample.
      for (let bit = 0; bit < 160; bit++) bits.push(bit, chunk.length * 8 - 1 - bit * 3);
      for (const bit of bits) expect(readChunk(flipped(chunk, bit >> 3, 1 << (bit & 7)), root).ok).toBe(false);
    }
  });

  test('that is cut short, too long or empty is refused', () => {
    const chunk = at(chunks, 0);
    for (const length of [0, 1, 100, chunk.length - 1])
      expect(readChunk(chunk.subarray(0, length), root).ok).toBe(false);
    expect(readChunk(new Uint8Array(MAX_CHUNK_BYTES + 1), root)).toMatchObject({ reason: 'too-large' });
  });
});

test('under another root, or for another chain, nothing is taken', () => {
  expect(assembleLedger(genesis, hashOf(1), options).take(at(chunks, 0), 'x')).toMatchObject({ reason: 'wrong-proof' });
  const assembly = assembleLedger({ ...genesis, name: 'other' }, root, options);
  for (const chunk of chunks) expect(assembly.take(chunk, 'x').ok).toBe(true);
  expect(assembly.ledger()).toMatchObject({ reason: 'foreign-chain' });
});
