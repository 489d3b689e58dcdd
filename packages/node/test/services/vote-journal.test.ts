import type { EngineEffect } from '@murmuration/consensus';
import { isMurmurError, MurmurError, memoryStore, type Store, utf8 } from '@murmuration/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VoteJournal } from '../../src/services/vote-journal.ts';

const persist = (key: string, value: string | null): EngineEffect => ({
  kind: 'persist',
  key,
  value: value === null ? null : utf8(value),
});

async function outcome(store: Store): Promise<string> {
  try {
    const records = await new VoteJournal(store).read();
    return records.map(({ key }) => key).join(' ');
  } catch (error) {
    if (isMurmurError(error)) return error.code;
    throw error;
  }
}

async function voted(...effects: readonly EngineEffect[]): Promise<Store> {
  const store = memoryStore();
  const journal = new VoteJournal(store);
  await journal.read();
  for (const effect of effects) await store.write(journal.changes([effect]));
  return store;
}

test('what was persisted is read back, whatever was overwritten and deleted between', async () => {
  const operation = fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.option(fc.string({ maxLength: 5 })));
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { maxLength: 20 }), async (operations) => {
      const store = await voted(...operations.map(([key, value]) => persist(key, value)));
      const kept = new Set<string>();
      for (const [key, value] of operations) value === null ? kept.delete(key) : kept.add(key);
      expect(await outcome(store)).toBe([...kept].sort().join(' '));
      // The next process goes on with the same seal.
      const journal = new VoteJournal(store);
      await journal.read();
      await store.write(journal.changes([persist('next', 'vote')]));
      expect(await outcome(store)).toContain('next');
    }),
    { numRuns: 60 },
  );
});

test('effects that persist nothing write nothing', () => {
  expect(new VoteJournal(memoryStore()).changes([{ kind: 'cancelTimer', id: 'x' }])).toEqual([]);
});

describe('a replica does not vote where its votes', () => {
  const three = () => voted(persist('vote/1', 'one'), persist('vote/2', 'two'), persist('view', 'three'));

  test.each([
    ['lack one', [{ key: 'engine/vote/2', value: null }]],
    ['have one more', [{ key: 'engine/vote/3', value: utf8('three') }]],
    ['were changed', [{ key: 'engine/vote/2', value: utf8('twp') }]],
    [
      'were swapped',
      [
        { key: 'engine/vote/1', value: utf8('two') },
        { key: 'engine/vote/2', value: utf8('one') },
      ],
    ],
    ['lost their seal', [{ key: 'votes/seal', value: null }]],
    ['have a seal of rubbish', [{ key: 'votes/seal', value: utf8('rubbish') }]],
    ['are all gone', ['vote/1', 'vote/2', 'view'].map((key) => ({ key: `engine/${key}`, value: null }))],
  ])('%s', async (_what, changes) => {
    const store = await three();
    expect(await outcome(store)).toBe('view vote/1 vote/2');
    await store.write(changes);
    expect(await outcome(store)).toBe('VOTES_DAMAGED');
  });

  test('cannot be read because the store is damaged, and says both', async () => {
    const store = await three();
    const rotten: Store = { ...store, scan: () => Promise.reject(storeError()) };
    const error = await new VoteJournal(rotten).read().catch((thrown: unknown) => thrown);
    expect(isMurmurError(error, 'VOTES_DAMAGED') && error.message).toContain('page 7 is rotten');
  });
});

const storeError = () =>
  new MurmurError({ code: 'STORE_DAMAGED', message: 'page 7 is rotten', remedy: 'look at the disk' });

test('a key that is in use elsewhere stays silent at every later start', async () => {
  const store = await voted(persist('vote/1', 'one'));
  await new VoteJournal(store).forbid('it signed a commit for view 1 and height 9');
  const error = await new VoteJournal(store).read().catch((thrown: unknown) => thrown);
  expect(isMurmurError(error, 'KEY_IN_USE_ELSEWHERE') && error.message).toContain('view 1 and height 9');
});
