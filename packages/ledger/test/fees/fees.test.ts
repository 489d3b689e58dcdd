import { type DeviceId, fromUtf8, isMurmurError, toHex, utf8 } from '@murmuration/core';
import { describe, expect, test } from 'vitest';
import {
  type Command,
  chainIdOf,
  createLedger,
  decodeGenesis,
  encodeGenesis,
  type FeePolicy,
  MAX_FEE,
  restoreLedger,
} from '../../src/index.ts';
import { decodeSnapshot } from '../../src/snapshot/snapshot.ts';
import {
  at,
  createWorld,
  deviceNamed,
  genesisOf,
  hashOf,
  join,
  openJob,
  replica,
  update,
  type World,
} from '../fixtures.ts';

const BALANCE = 1_000n;
const PRICE: Partial<Record<Command['kind'], bigint>> = { 'open-job': 300n, 'commit-update': 7n };

/** Everybody starts with the same balance; commands have prices; half of the price comes back where one is refused. */
const prepaid: FeePolicy = {
  id: 'test/prepaid/1',
  open: (state) => state.set('total', utf8('0')),
  before: (state, { device, kind }) => {
    const fee = PRICE[kind] ?? 0n;
    const left = balanceIn((key) => state.get(key), device) - fee;
    if (left < 0n) return { fee: 0n, refused: 'balance-too-low' };
    state.set(`balance/${device}`, utf8(String(left)));
    return { fee };
  },
  after: (state, { device }, { fee, outcome }) => {
    const kept = outcome === 'applied' ? fee : fee / 2n;
    if (kept !== fee) {
      state.set(`balance/${device}`, utf8(String(balanceIn((key) => state.get(key), device) + fee - kept)));
    }
    return kept;
  },
};

function balanceIn(get: (key: string) => Uint8Array | undefined, device: DeviceId): bigint {
  const held = get(`balance/${device}`);
  return held === undefined ? BALANCE : BigInt(fromUtf8(held) ?? '');
}

function worldWith(fees: FeePolicy, n = 4): World {
  const genesis = { ...genesisOf(n), fees: fees.id };
  const world = createWorld(n, genesisOf(n));
  return Object.assign(world, { genesis, ledger: createLedger(genesis, { fees }) });
}

function leaves(world: World): Map<string, string> {
  const snapshot = decodeSnapshot(world.ledger.snapshot());
  if (!snapshot.ok) throw new Error(snapshot.reason);
  return new Map(snapshot.value.entries.map(({ key, value }) => [key, toHex(value)]));
}

function changed(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  const keys = new Set([...before.keys(), ...after.keys()]);
  return [...keys].filter((key) => before.get(key) !== after.get(key)).sort();
}

const balance = (world: World, device: DeviceId) => {
  const proof = world.ledger.prove(`fee/balance/${device}`);
  return proof === undefined ? BALANCE : balanceIn((key) => (key === '' ? undefined : plain(proof.value)), device);
};

/** The stored bytes are the value's MessagePack: two bytes of header before text this short. */
const plain = (value: Uint8Array) => value.subarray(2);

describe('a policy', () => {
  test('charges what takes effect, and its receipt says how much', () => {
    const world = worldWith(prepaid);
    const [receipt] = world.apply(world.sign(replica(world, 0), openJob())).receipts;
    expect(receipt).toMatchObject({ outcome: 'applied', fee: 300n, first: null });
    expect(balance(world, replica(world, 0).device)).toBe(700n);
    expect(balance(world, replica(world, 1).device)).toBe(BALANCE);
  });

  test('gives back what it pleases where the ledger refuses', () => {
    const world = worldWith(prepaid);
    const [receipt] = world.apply(world.sign(replica(world, 0), update(1, hashOf(1), 'none'))).receipts;
    expect(receipt).toMatchObject({ outcome: 'refused', reason: 'unknown-job', fee: 3n });
    expect(balance(world, replica(world, 0).device)).toBe(997n);
  });

  test('that refuses leaves the state as it was, but for its own part, the height and the spent number', () => {
    const world = worldWith(prepaid);
    const poor = replica(world, 0);
    for (let i = 0; i < 3; i++) expect(world.send(poor, openJob(`job-${i}`))).toBe('applied');
    const before = leaves(world);
    const request = world.sign(poor, openJob('job-3'));
    const [receipt] = world.apply(request).receipts;
    expect(receipt).toMatchObject({ outcome: 'refused', reason: 'fee-refused', detail: 'balance-too-low', fee: 0n });
    expect(changed(before, leaves(world))).toEqual(['meta/chain', `replay/${poor.device}`]);
    // Its number is spent: it cannot be brought again by others once the sender can pay.
    expect(world.apply(request).receipts).toMatchObject([
      { outcome: 'duplicate', fee: 0n, first: { outcome: 'refused', reason: 'fee-refused', fee: 0n } },
    ]);
  });

  test('is not asked about what was not admitted: nothing is charged in the name of another', () => {
    const world = worldWith(prepaid);
    const victim = replica(world, 0);
    const before = leaves(world);
    const forged = { device: victim.device, signer: replica(world, 1).signer };
    const { receipts } = world.apply(
      world.signAs(forged, 1, openJob()),
      world.signAs(deviceNamed('stranger').identity, 1, openJob()),
      utf8('no command'),
    );
    expect(receipts.map(({ reason, fee }) => `${reason} ${fee}`)).toEqual([
      'bad-signature 0',
      'unknown-device 0',
      'malformed 0',
    ]);
    expect(changed(before, leaves(world))).toEqual(['meta/chain']);
  });

  test('is asked about newcomers, and one that it refuses can try again', () => {
    let open = false;
    const world = worldWith({
      id: 'test/door/1',
      before: (_state, { kind }) =>
        kind === 'register-device' && !open ? { fee: 0n, refused: 'closed' } : { fee: 0n },
    });
    const { identity } = deviceNamed('member');
    const certificate = identity.certificateBytes;
    expect(world.send(identity, { kind: 'register-device', certificate, name: 'member' })).toBe('fee-refused');
    open = true;
    expect(join(world, 'member').device).toBe(identity.device);
  });

  test('sees sender, kind, size and height', () => {
    const seen: unknown[] = [];
    const note = (offer: unknown) => {
      seen.push(offer);
      return { fee: 0n };
    };
    const world = worldWith({ id: 'test/eyes/1', before: (_state, offer) => note(offer) });
    const request = world.sign(replica(world, 2), openJob());
    world.apply(request);
    const { device } = replica(world, 2);
    expect(seen).toEqual([{ device, kind: 'open-job', bytes: request.length, height: 1, timeMs: world.nowMs }]);
  });
});

test('two replicas with one policy have one root, also where one of them came by snapshot', () => {
  const one = worldWith(prepaid);
  const two = createLedger(one.genesis, { fees: prepaid });
  for (let i = 0; i < 6; i++) one.send(replica(one, i % 2), openJob(`job-${i}`));
  for (const block of one.blocks) two.apply(block);
  expect(toHex(two.root())).toBe(toHex(one.ledger.root()));
  const three = restoreLedger(one.genesis, two.snapshot(), two.root(), { fees: prepaid });
  if (!three.ok) throw new Error(three.reason);
  const next = { height: two.height + 1, timeMs: one.nowMs, requests: [one.sign(replica(one, 0), openJob('last'))] };
  expect(three.value.apply(next).receipts).toEqual(two.apply(next).receipts);
  expect(toHex(three.value.root())).toBe(toHex(two.root()));
});

describe('the id of the policy', () => {
  const free = genesisOf(4);
  const priced = { ...free, fees: prepaid.id };

  test('is part of the name of the chain; a free genesis has the bytes that it always had', () => {
    expect(toHex(chainIdOf(priced))).not.toBe(toHex(chainIdOf(free)));
    expect(toHex(chainIdOf({ ...free, fees: 'test/prepaid/2' }))).not.toBe(toHex(chainIdOf(priced)));
    const read = decodeGenesis(encodeGenesis(priced));
    expect(read.ok && read.value.genesis.fees).toBe(prepaid.id);
    const plainly = decodeGenesis(encodeGenesis(free));
    expect(plainly.ok && 'fees' in plainly.value.genesis).toBe(false);
  });

  test.each([
    ['none', priced, undefined],
    ['another', priced, { ...prepaid, id: 'test/prepaid/2' }],
    ['one that nobody named', free, prepaid],
  ] as const)('must be the genesis’: %s is refused', (_which, genesis, fees) => {
    const options = fees === undefined ? {} : { fees };
    expect(codeOf(() => createLedger(genesis, options))).toBe('LEDGER_FEE_POLICY');
  });

  test.each(['', 'Upper', 'a b', 'a'.repeat(65)])('"%s" is none', (id) => {
    const read = decodeGenesis(encodeGenesis({ ...free, fees: id }));
    expect(read.ok ? 'read' : read.reason).toMatch(/^(bad-fees|wrong-shape)$/);
  });
});

test.each([
  ['a negative fee', () => ({ fee: -1n }), 'LEDGER_FEE_INVALID'],
  ['too large a fee', () => ({ fee: MAX_FEE + 1n }), 'LEDGER_FEE_INVALID'],
  ['a sentence for a reason', () => ({ fee: 0n, refused: 'Not today!' }), 'LEDGER_FEE_INVALID'],
] as const)('a policy with %s is told so', (_what, before, code) => {
  const world = worldWith({ id: 'test/wrong/1', before });
  expect(codeOf(() => world.send(replica(world, 0), openJob()))).toBe(code);
});

test.each([
  ['a long key', 'k'.repeat(129), 1],
  ['no key', '', 1],
  ['a large value', 'k', 4_097],
] as const)('a policy that would keep %s is told so', (_what, key, bytes) => {
  const fees: FeePolicy = {
    id: 'test/greedy/1',
    open: (state) => state.set(key, new Uint8Array(bytes)),
    before: () => ({ fee: 0n }),
  };
  expect(codeOf(() => worldWith(fees))).toBe('LEDGER_FEE_STATE');
});

test('the largest fee is told exactly, also later', () => {
  const world = worldWith({ id: 'test/most/1', before: () => ({ fee: MAX_FEE }) });
  const [receipt] = world.apply(world.sign(replica(world, 0), openJob())).receipts;
  expect(receipt?.fee).toBe(MAX_FEE);
  const restored = restoreLedger(world.genesis, world.ledger.snapshot(), world.ledger.root(), {
    fees: { id: 'test/most/1', before: () => ({ fee: MAX_FEE }) },
  });
  if (!restored.ok) throw new Error(restored.reason);
  expect(restored.value.receiptOf(at(world.replicas, 0).device, 1)?.fee).toBe(MAX_FEE);
});

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (isMurmurError(error)) return error.code;
    throw error;
  }
  return 'none';
}
