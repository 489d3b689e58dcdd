import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { memoryStore, type Store } from '@murmuration/core';

/** A store on an append-only file, synced at each write: the least that survives `kill -9`. */
export async function fileStore(path: string): Promise<Store> {
  const memory = memoryStore();
  const file = openSync(path, 'a+');
  for (const line of readFileSync(path, 'utf8').split('\n').slice(0, -1)) {
    const changes = JSON.parse(line) as [string, string | null][];
    await memory.write(
      changes.map(([key, value]) => ({ key, value: value === null ? null : Buffer.from(value, 'hex') })),
    );
  }
  return {
    ...memory,
    write: async (changes) => {
      const line = changes.map(({ key, value }) => [key, value === null ? null : Buffer.from(value).toString('hex')]);
      writeSync(file, `${JSON.stringify(line)}\n`);
      fsyncSync(file);
      await memory.write(changes);
    },
    [Symbol.asyncDispose]: async () => closeSync(file),
  };
}
