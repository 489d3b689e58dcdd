import { describe, expect, test } from 'vitest';
import { checkDataset, defaultPlan, describeFiles, fillBatch, loadData, parseIdx } from '../../src/index.ts';
import { idxImages, idxLabels } from './files.ts';

function code(name: string) {
  return expect.objectContaining({ code: name });
}

describe('idx files', () => {
  test('hold images as rows of byte / 255 and labels as classes', () => {
    const data = parseIdx(idxImages(3), idxLabels(1, 0, 4));
    checkDataset(data);
    expect([data.size, data.dimension, data.classes.length]).toEqual([3, 6, 5]);
    const row = new Float32Array(6);
    fillBatch(data, [1], row);
    expect([...row]).toEqual([6, 7, 8, 9, 10, 11].map((value) => Math.fround(value / 255)));
  });

  test('a wrong magic number is named, swapped files and gzip included', () => {
    expect(() => parseIdx(idxLabels(1, 2), idxImages(2))).toThrow(code('DATA_IDX_MAGIC'));
    expect(() => parseIdx(idxImages(2), idxImages(2))).toThrow(/labels file starts with 0x00000803/);
    expect(() => parseIdx(Uint8Array.of(0x1f, 0x8b, 8, 0), idxLabels(1))).toThrow(/0x1f8b0800/);
    expect(() => parseIdx(new Uint8Array(0), idxLabels(1))).toThrow(code('DATA_IDX_MAGIC'));
  });

  test('a body shorter or longer than announced is refused, at every length', () => {
    const images = idxImages(2);
    const labels = idxLabels(0, 1);
    for (let length = 4; length < images.length; length++) {
      expect(() => parseIdx(images.subarray(0, length), labels)).toThrow(code('DATA_IDX_LENGTH'));
    }
    for (let length = 4; length < labels.length; length++) {
      expect(() => parseIdx(images, labels.subarray(0, length))).toThrow(code('DATA_IDX_LENGTH'));
    }
    expect(() => parseIdx(new Uint8Array([...images, 0]), labels)).toThrow(/12 bytes, 13 follow/);
  });

  test('labels that do not fit are refused: another number of them, or beyond the classes', () => {
    expect(() => parseIdx(idxImages(3), idxLabels(0, 1))).toThrow(/3 images of 6 pixels and 2 labels/);
    expect(() => parseIdx(idxImages(2), idxLabels(0, 9), { classes: 9 })).toThrow(/label 1 is 9, there are 9 classes/);
    expect(() => parseIdx(idxImages(0), idxLabels())).toThrow(code('DATA_IDX_LABELS'));
  });

  test('sizes whose product would overflow are refused before memory is asked for', () => {
    const images = idxImages(1);
    const view = new DataView(images.buffer);
    for (const [count, rows, columns] of [
      [0xffffffff, 1, 1],
      [1, 0xffffffff, 0xffffffff],
      [1_000_000, 256, 256],
    ] as const) {
      view.setUint32(4, count);
      view.setUint32(8, rows);
      view.setUint32(12, columns);
      expect(() => parseIdx(images, idxLabels(1))).toThrow(code('DATA_TOO_LARGE'));
    }
  });

  test('a plan made from files loads those files and no others', () => {
    const files = {
      kind: 'idx',
      images: idxImages(40),
      labels: idxLabels(...Array.from({ length: 40 }, (_, i) => i % 4)),
    } as const;
    const plan = defaultPlan(describeFiles(files));
    const { train, test: held, manifest } = loadData(plan, { files });
    expect([train.size, held.size, manifest.kind]).toEqual([34, 6, 'idx']);
    const other = { ...files, images: idxImages(40, 3, 2) };
    expect(() => loadData(plan, { files: other })).toThrow(code('DATA_DIFFERS'));
    expect(() => loadData(plan)).toThrow(code('DATA_FILES_MISSING'));
    const twoParts = { ...files, testImages: idxImages(5), testLabels: idxLabels(0, 1, 2, 3, 0) };
    expect(loadData(defaultPlan(describeFiles(twoParts)), { files: twoParts }).test.size).toBe(5);
    const misfit = { ...files, testImages: idxImages(1, 9, 9), testLabels: idxLabels(0) };
    expect(() => describeFiles(misfit)).toThrow(code('DATA_SHAPE'));
  });
});
