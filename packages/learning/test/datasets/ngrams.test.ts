import { expect, test } from 'vitest';
import { ngramFeatures } from '../../src/datasets/names/ngrams.ts';
import { type Dataset, fillBatch, takeSamples } from '../../src/index.ts';

const TEXTS = ['aaa', 'ab', 'þórshöfn', ''];

function dense(features: Dataset['features'], size: number, dimension: number): Float32Array {
  const data: Dataset = { features, labels: new Int32Array(size), classes: ['a'], dimension, size };
  const out = new Float32Array(size * dimension);
  fillBatch(data, [...data.labels.keys()], out);
  return out;
}

test('every n-gram of the marked text is counted once, in some bucket, as the square of the value', () => {
  const rows = dense(ngramFeatures(TEXTS, { features: 1 << 16, lengths: [1, 2] }), TEXTS.length, 1 << 16);
  for (const [row, text] of TEXTS.entries()) {
    const characters = [...text].length + 2;
    const squares = rows.subarray(row << 16, (row + 1) << 16).reduce((sum, value) => sum + value * value, 0);
    expect(squares).toBeCloseTo(characters + characters - 1, 4);
  }
});

test('repeated n-grams share a bucket: √ of their number', () => {
  const rows = dense(ngramFeatures(['aaa'], { features: 1 << 16, lengths: [1] }), 1, 1 << 16);
  expect([...rows].filter((value) => value > 0).sort()).toEqual([Math.fround(Math.sqrt(2)), Math.fround(Math.sqrt(3))]);
});

test('columns are ascending and in range, also when few buckets make everything collide', () => {
  const features = ngramFeatures(TEXTS, { features: 16, lengths: [1, 2, 3, 4] });
  if (features.kind !== 'sparse') throw new Error('not sparse');
  for (let row = 0; row < TEXTS.length; row++) {
    const columns = [...features.columns.subarray(features.offsets[row], features.offsets[row + 1])];
    expect(columns).toEqual([...new Set(columns)].sort((a, b) => a - b));
    expect(Math.max(...columns)).toBeLessThan(16);
  }
});

test('samples taken out of a sparse, dense or byte matrix are the rows they were', () => {
  const size = 4;
  const sparse = ngramFeatures(TEXTS, { features: 16, lengths: [1, 2] });
  const values = dense(sparse, size, 16);
  const bytes = Uint8Array.from({ length: size * 16 }, (_, i) => i);
  for (const features of [
    sparse,
    { kind: 'dense', values },
    { kind: 'bytes', values: bytes, scale: 1 / 255 },
  ] as const) {
    const data: Dataset = {
      features,
      labels: Int32Array.of(0, 1, 2, 3),
      classes: ['a', 'b', 'c', 'd'],
      dimension: 16,
      size,
    };
    const taken = takeSamples(data, [3, 1, 1]);
    expect([...taken.labels]).toEqual([3, 1, 1]);
    const out = new Float32Array(48);
    const wanted = new Float32Array(48);
    fillBatch(taken, [0, 1, 2], out);
    fillBatch(data, [3, 1, 1], wanted);
    expect(out).toEqual(wanted);
  }
});
