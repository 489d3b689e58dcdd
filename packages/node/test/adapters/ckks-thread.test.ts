import { isMurmurError } from '@murmuration/core';
import { describe, expect, test } from 'vitest';
import { CkksThread } from '../../src/adapters/ckks-thread.ts';

const ENTRY = new URL('./failing-thread.ts', import.meta.url);

function openFailing(how: string, maxSilentMs = 60_000): CkksThread {
  return new CkksThread(ENTRY, { preset: how as 'sum', maxHeapBytes: 1 }, undefined, { maxSilentMs });
}

async function reasonOf(run: Promise<unknown>): Promise<unknown> {
  try {
    return await run;
  } catch (error) {
    return isMurmurError(error, 'PRIVACY_CKKS_WORKER') ? error.facts.reason : error;
  }
}

describe('a call to a thread', () => {
  test.each([
    ['exit', 'its thread ended'],
    ['throw', 'it failed: out of order'],
  ])(
    'that dies by %s is answered, and so are those that wait and those that come after',
    async (how, reason) => {
      const thread = openFailing(how);
      const calls = [thread.call('create-keys', {}), thread.call('create-keys', {})].map(reasonOf);
      expect(await Promise.all(calls)).toEqual([reason, reason]);
      expect(await reasonOf(thread.call('create-keys', {}))).toBe(reason);
      await thread.close();
    },
    120_000,
  );

  test('that says nothing any more is ended after the time it may be silent', async () => {
    const thread = openFailing('hang', 500);
    const calls = [thread.call('create-keys', {}), thread.call('create-keys', {})].map(reasonOf);
    expect(await Promise.all(calls)).toEqual([1, 2].map(() => 'it said nothing for 500 ms'));
    await thread.close();
  }, 120_000);

  test('with something that no thread can be sent is refused, and takes no place in the queue', async () => {
    const thread = openFailing('words');
    const rotations = [1, () => 2] as unknown;
    const reason = await reasonOf(thread.call('create-keys', { rotations: rotations as number[] }));
    expect(reason).toMatch(/^what it was asked cannot be sent to a thread: DataCloneError/);
    await expect(thread.call('create-keys', {})).rejects.toMatchObject({ code: 'X', message: 'no' });
    await thread.close();
  }, 120_000);
});
