import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { isMurmurError, memoryStore } from '@murmuration/core';
import { defaultPlan } from '@murmuration/learning';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DataPlaces } from '../../src/adapters/data-places.ts';
import { createLearningWorld } from '../../src/learning-world.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'murmur-data-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function csv(rows: readonly string[]): string {
  const path = join(folder, 'data.csv');
  writeFileSync(path, ['a,b,kind', ...rows].join('\n'));
  return `csv:${path}`;
}

/** Four images of two pixels. */
function idx(labels: readonly number[]): string {
  const path = join(folder, 'idx');
  mkdirSync(path);
  const pixels = [0, 1, 2, 3].flatMap((i) => [i, 10 * i]);
  writeFileSync(join(path, 'images'), Uint8Array.from([0, 0, 8, 3, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 2, ...pixels]));
  writeFileSync(join(path, 'labels'), Uint8Array.from([0, 0, 8, 1, 0, 0, 0, labels.length, ...labels]));
  return `idx:${path}`;
}

async function codeOf(action: () => Promise<unknown>): Promise<string> {
  try {
    await action();
  } catch (error) {
    if (isMurmurError(error)) return error.code;
    throw error;
  }
  return 'none';
}

describe('places of data', () => {
  test('a plan names files by what they hold, and a device finds them again by that', async () => {
    const store = memoryStore();
    const source = csv(['1,2,x', '3,4,y', '5,6,x', '7,8,y', '9,1,x', '2,3,y', '4,5,x', '6,7,y']);
    const dataset = await new DataPlaces(store).place(source);
    expect(dataset).toMatchObject({ kind: 'csv', features: 2, classes: ['x', 'y'] });
    const world = createLearningWorld(new DataPlaces(store));
    const { train, test: held } = await world.loadData({ ...defaultPlan('digits'), dataset });
    expect(train.size + held.size).toBe(8);
  });

  test('idx files are found by their names', async () => {
    const dataset = await new DataPlaces(memoryStore()).place(idx([0, 1, 2, 1]));
    expect(dataset).toMatchObject({ kind: 'idx', features: 2, classes: ['0', '1', '2'] });
  });

  test('packed idx files are what they unpack to, also under the names of test files alone', async () => {
    const plain = await new DataPlaces(memoryStore()).place(idx([0, 1, 2, 1]));
    const packed = join(folder, 'packed');
    mkdirSync(packed);
    for (const [from, to] of [
      ['images', 't10k-images-idx3-ubyte.gz'],
      ['labels', 't10k-labels-idx1-ubyte.gz'],
    ] as const) {
      writeFileSync(join(packed, to), gzipSync(readFileSync(join(folder, 'idx', from))));
    }
    expect(await new DataPlaces(memoryStore()).place(`idx:${packed}`)).toEqual(plain);
  });

  test('files that changed since the plan was made are refused', async () => {
    const places = new DataPlaces(memoryStore());
    const dataset = await places.place(csv(['1,2,x', '3,4,y', '5,6,x']));
    csv(['1,2,x', '3,4,y', '5,7,x']);
    const load = () => createLearningWorld(places).loadData({ ...defaultPlan('digits'), dataset });
    expect(await codeOf(load)).toBe('DATA_DIFFERS');
  });

  test('a device that was never told of the files says so', async () => {
    const dataset = await new DataPlaces(memoryStore()).place(csv(['1,2,x', '3,4,y']));
    const load = () =>
      createLearningWorld(new DataPlaces(memoryStore())).loadData({ ...defaultPlan('digits'), dataset });
    expect(await codeOf(load)).toBe('DATA_FILES_MISSING');
  });

  test.each([
    ['csv:/nowhere/at/all.csv', 'DATA_UNREADABLE'],
    ['idx:/nowhere', 'DATA_UNREADABLE'],
    ['xml:/file', 'DATA_SOURCE_UNKNOWN'],
    ['csv:', 'DATA_SOURCE_UNKNOWN'],
    ['names', 'DATA_SOURCE_UNKNOWN'],
  ])('%s is refused as %s', async (source, code) => {
    expect(await codeOf(() => new DataPlaces(memoryStore()).place(source))).toBe(code);
  });

  test("the parsers' own refusals come through with their codes", async () => {
    const places = new DataPlaces(memoryStore());
    expect(await codeOf(() => places.place(csv(['1,2,x', '3,NaN,y'])))).toBe('DATA_CSV_CELL');
    expect(await codeOf(() => places.place(idx([0, 1])))).toBe('DATA_IDX_LABELS');
  });
});
