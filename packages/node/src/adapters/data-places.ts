import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { fromUtf8, MurmurError, type Store, utf8 } from '@murmuration/core';
import { type DataFiles, type DatasetSpec, describeFiles } from '@murmuration/learning';

const PREFIX = 'data/';
const MAX_FILE_BYTES = 1 << 30;
/** Names that idx files go by, MNIST's own and the short ones. */
const IDX_FILES = {
  images: ['train-images-idx3-ubyte', 'train-images.idx3-ubyte', 'images'],
  labels: ['train-labels-idx1-ubyte', 'train-labels.idx1-ubyte', 'labels'],
  testImages: ['t10k-images-idx3-ubyte', 't10k-images.idx3-ubyte', 'test-images'],
  testLabels: ['t10k-labels-idx1-ubyte', 't10k-labels.idx1-ubyte', 'test-labels'],
} as const;

/**
 * Where on this machine the files lie that a plan names by their digest. Paths never leave the device; what is
 * read is checked against the plan's digest.
 */
export class DataPlaces {
  private readonly store: Store;

  constructor(store: Store) {
    this.store = store;
  }

  /**
   * Reads the files and remembers where they are.
   * @param data `idx:FOLDER` or `csv:FILE`
   * @returns what a plan says of them
   * @throws DATA_SOURCE_UNKNOWN, DATA_UNREADABLE, and what the parsers of learning throw
   */
  async place(data: string): Promise<Extract<DatasetSpec, { kind: 'idx' | 'csv' }>> {
    const spec = describeFiles(readFiles(data));
    if (spec.kind !== 'idx' && spec.kind !== 'csv') throw unknownSource(data);
    await this.store.write([{ key: PREFIX + spec.digest, value: utf8(data) }]);
    return spec;
  }

  /** @returns undefined where this device was never told of files with this digest */
  async filesOf(digest: string): Promise<DataFiles | undefined> {
    const place = await this.store.get(PREFIX + digest);
    return place === undefined ? undefined : readFiles(fromUtf8(place) ?? '');
  }
}

/** @throws DATA_SOURCE_UNKNOWN, DATA_UNREADABLE */
export function readFiles(data: string): DataFiles {
  const at = data.indexOf(':');
  const kind = data.slice(0, at);
  const path = data.slice(at + 1);
  if (kind === 'csv' && path !== '') return { kind: 'csv', text: new TextDecoder().decode(read(path)) };
  if (kind === 'idx' && path !== '') return readIdx(path);
  throw unknownSource(data);
}

/** A folder with test files alone is split like any other. */
function readIdx(folder: string): DataFiles {
  const train = locate(folder, IDX_FILES.images);
  const test = locate(folder, IDX_FILES.testImages);
  if (train === undefined && test === undefined) {
    throw unreadable(folder, `it holds none of ${IDX_FILES.images.join(', ')}, plain or with .gz`);
  }
  if (train === undefined) {
    return { kind: 'idx', images: read(test as string), labels: read(find(folder, IDX_FILES.testLabels)) };
  }
  const images = read(train);
  const labels = read(find(folder, IDX_FILES.labels));
  if (test === undefined) return { kind: 'idx', images, labels };
  return { kind: 'idx', images, labels, testImages: read(test), testLabels: read(find(folder, IDX_FILES.testLabels)) };
}

function find(folder: string, names: readonly string[]): string {
  const path = locate(folder, names);
  if (path !== undefined) return path;
  throw unreadable(folder, `it holds none of ${names.join(', ')}, plain or with .gz`);
}

function locate(folder: string, names: readonly string[]): string | undefined {
  return names.flatMap((name) => [join(folder, name), join(folder, `${name}.gz`)]).find((path) => existsSync(path));
}

function read(path: string): Uint8Array {
  try {
    const { size } = statSync(path);
    if (size > MAX_FILE_BYTES) throw unreadable(path, `it has ${size} bytes, at most ${MAX_FILE_BYTES} are read`);
    const bytes = readFileSync(path);
    return new Uint8Array(path.endsWith('.gz') ? gunzipSync(bytes, { maxOutputLength: MAX_FILE_BYTES }) : bytes);
  } catch (error) {
    if (error instanceof MurmurError) throw error;
    throw unreadable(path, (error as Error).message);
  }
}

function unknownSource(data: string): MurmurError {
  return new MurmurError({
    code: 'DATA_SOURCE_UNKNOWN',
    message: `"${data}" names no data`,
    remedy: 'give names, digits, idx:FOLDER or csv:FILE',
    facts: { data },
  });
}

function unreadable(path: string, why: string): MurmurError {
  return new MurmurError({
    code: 'DATA_UNREADABLE',
    message: `the data at ${path} cannot be read: ${why}`,
    remedy: 'check the path; idx files lie in one folder, images and labels beside each other',
    facts: { path },
  });
}
