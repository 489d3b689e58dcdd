import { utf8 } from '@murmuration/core';
import { expect, test } from 'vitest';
import { createWorld, type Faults } from '../src/index.ts';

const VALUES = ['first', 'second', 'third'];

/** What is on a disk after a batch of three was interrupted by a loss of power. */
function interrupted(seed: number, faults: Faults): string {
  const world = createWorld({ seed, faults: { maxSyncMs: 50, tornWrites: 1, ...faults }, promises: false });
  const node = world.node('n');
  node.disk.write(
    VALUES.map((value, i) => ({ key: `k${i}`, value: utf8(value) })),
    () => {},
  );
  node.crash();
  node.restart();
  return node.disk
    .scan('')
    .map(({ value }) => new TextDecoder().decode(value))
    .join();
}

test('a torn write is there whole or not at all: its checksum tells', () => {
  const seen = new Set(Array.from({ length: 60 }, (_, seed) => interrupted(seed, {})));
  expect([...seen].sort()).toEqual(['', VALUES.join()]);
});

test('a disk without checksums gives out parts of a torn write: the difference shows', () => {
  const seen = new Set(Array.from({ length: 60 }, (_, seed) => interrupted(seed, { checksums: false })));
  expect(seen.size).toBeGreaterThan(10);
  expect([...seen].some((one) => VALUES.join().startsWith(one) && one !== '' && one !== VALUES.join())).toBe(true);
});

test('any flipped bit of a record is STORE_DAMAGED when it is read, by get and by scan, before and after a restart', async () => {
  for (let seed = 0; seed < 40; seed++) {
    const world = createWorld({ seed });
    const node = world.node('n');
    const write = node.store.write([
      { key: 'a', value: utf8('a value') },
      { key: 'b', value: utf8('another') },
    ]);
    await world.run({ untilMs: 100 });
    await write;
    expect(node.rot('b')).toBe('b');
    const damaged = expect.objectContaining({ code: 'STORE_DAMAGED', facts: { key: 'b' } });
    await expect(node.store.get('b')).rejects.toEqual(damaged);
    node.crash();
    node.restart();
    await expect(node.store.scan('')).rejects.toEqual(damaged);
    expect(() => node.disk.scan('')).toThrow(damaged);
    expect(await node.store.get('a')).toEqual(utf8('a value'));
    expect(node.rot('c')).toBeUndefined();
  }
});

test('without checksums a rotten record is read as if it were whole', async () => {
  const world = createWorld({ seed: 1, faults: { checksums: false }, promises: false });
  const node = world.node('n');
  node.disk.write([{ key: 'a', value: utf8('a value') }], () => {});
  await world.run({ untilMs: 100 });
  node.rot();
  expect(node.disk.scan('a')[0]?.value.length).toBe(7);
  expect(node.disk.scan('a')[0]?.value).not.toEqual(utf8('a value'));
});
