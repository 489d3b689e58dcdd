import { deviceIdFromDigest, encode, isMurmurError, memoryStore, struct, text, uint, utf8 } from '@murmuration/core';
import { expect, test } from 'vitest';
import { claimStore, readOwner } from '../../src/services/store-owner.ts';

const chainId = new Uint8Array(32).fill(1);
const device = deviceIdFromDigest(new Uint8Array(32).fill(2));
const claim = { chainId, device, nowMs: 1 };

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'none',
    (error: unknown) => (isMurmurError(error) ? error.code : String(error)),
  );

test('an empty store becomes the device’s, and stays it', async () => {
  await using store = memoryStore();
  expect(await readOwner(store)).toBeUndefined();
  const owner = await claimStore(store, claim);
  expect(await claimStore(store, { ...claim, nowMs: 99 })).toEqual(owner);
});

test('two stores of one device can be told apart', async () => {
  await using one = memoryStore();
  await using two = memoryStore();
  expect((await claimStore(one, claim)).id).not.toEqual((await claimStore(two, { ...claim, nowMs: 2 })).id);
});

test.each([
  ['another chain', { ...claim, chainId: new Uint8Array(32).fill(9) }, 'STORE_OTHER_CHAIN'],
  ['another device', { ...claim, device: deviceIdFromDigest(new Uint8Array(32).fill(9)) }, 'STORE_OTHER_DEVICE'],
] as const)('the store of %s is refused and left as it is', async (_whose, other, code) => {
  await using store = memoryStore();
  await claimStore(store, other);
  await store.write([{ key: 'engine/view', value: utf8('theirs') }]);
  const before = await store.scan('');
  expect(await codeOf(claimStore(store, claim))).toBe(code);
  expect(await store.scan('')).toEqual(before);
});

test.each(['block/000000000001', 'engine/view', 'snapshot'])(
  'a store with %s that nobody claimed is an older one',
  async (key) => {
    await using store = memoryStore();
    await store.write([{ key, value: utf8('old') }]);
    expect(await codeOf(claimStore(store, claim))).toBe('STORE_OTHER_FORMAT');
    expect(await readOwner(store)).toBeUndefined();
  },
);

test('a claim of another format, or one that cannot be read, is refused', async () => {
  await using store = memoryStore();
  const owner = await claimStore(store, claim);
  const value = (await store.get('store/owner')) as Uint8Array;
  const newer = value.slice();
  newer[newer.indexOf('2'.charCodeAt(0))] = '3'.charCodeAt(0);
  await store.write([{ key: 'store/owner', value: newer }]);
  expect(owner.format).toBe('murmuration-store/2');
  expect(await codeOf(claimStore(store, claim))).toBe('STORE_OTHER_FORMAT');
  const alien = encode(struct({ name: text(9), n: uint }), { name: 'x', n: 1 });
  await store.write([{ key: 'store/owner', value: alien }]);
  expect(await codeOf(claimStore(store, claim))).toBe('STORE_OTHER_FORMAT');
});
