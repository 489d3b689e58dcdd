import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryStore, noMetrics, toHex, utf8 } from '@murmuration/core';
import { createWorld } from '@murmuration/simulator';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { folderShelf } from '../../src/adapters/folder-shelf.ts';
import { BlobService } from '../../src/services/blob-service.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'murmur-shelf-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a shelf in a folder', () => {
  test('gives back what was put, also to the next process, and nothing once it is removed', async () => {
    await folderShelf(folder).put('blob/update/a', utf8('one'));
    const again = folderShelf(folder);
    expect(await again.get('blob/update/a')).toEqual(utf8('one'));
    await again.remove(['blob/update/a', 'blob/update/never']);
    expect(await again.get('blob/update/a')).toBeUndefined();
    expect(readdirSync(join(folder, 'blob/update'))).toEqual([]);
  });

  test('says with a code that a blob cannot be written', async () => {
    const shelf = folderShelf(folder);
    await shelf.put('blob/update/a', utf8('one'));
    rmSync(join(folder, 'blob'), { recursive: true });
    writeFileSync(join(folder, 'blob'), 'in the way');
    await expect(shelf.put('blob/update/b', utf8('two'))).rejects.toMatchObject({ code: 'STORE_FAILED' });
  });

  test('a blob that power loss tore is as good as absent, never taken for the whole', async () => {
    const { port } = createWorld({ seed: 1 }).node('alone');
    const blobs = new BlobService({ port, store: memoryStore(), shelf: folderShelf(folder), metrics: noMetrics });
    const hash = await blobs.put('model', new Uint8Array(5000).fill(7));
    expect(await blobs.has('model', hash)).toBe(true);
    truncateSync(join(folder, `blob/model/${toHex(hash)}`), 4000);
    expect(await blobs.get('model', hash)).toBeUndefined();
  });
});
