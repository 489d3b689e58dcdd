import { MurmurError } from '@murmuration/core';
import type { Dataset } from './dataset.ts';
import { tooLarge } from './limits.ts';

const IMAGES_MAGIC = 0x0803;
const LABELS_MAGIC = 0x0801;
const IMAGES_HEADER = 16;
const LABELS_HEADER = 8;
const MAX_IMAGES = 1_000_000;
const MAX_PIXELS = 65_536;
const MAX_BYTES = 1 << 30;

/** @param classes digits that labels may take, 0 to classes − 1; the largest label decides where left out */
export interface IdxOptions {
  readonly classes?: number;
}

/**
 * Images and labels in the idx format of MNIST (LeCun, Cortes, Burges), unpacked: big-endian headers, unsigned
 * bytes. Features are byte / 255.
 * @throws DATA_IDX_MAGIC, DATA_IDX_LENGTH, DATA_IDX_LABELS, DATA_TOO_LARGE
 */
export function parseIdx(images: Uint8Array, labels: Uint8Array, options: IdxOptions = {}): Dataset {
  const [count, rows, columns] = header('images', images, IMAGES_MAGIC, IMAGES_HEADER) as [number, number, number];
  const [labelCount] = header('labels', labels, LABELS_MAGIC, LABELS_HEADER) as [number];
  const dimension = rows * columns;
  if (count > MAX_IMAGES) throw tooLarge('images', count, MAX_IMAGES);
  if (dimension > MAX_PIXELS) throw tooLarge('pixels of an image', dimension, MAX_PIXELS);
  if (count * dimension > MAX_BYTES) throw tooLarge('pixels in all', count * dimension, MAX_BYTES);
  checkBody('images', images.length - IMAGES_HEADER, count * dimension);
  checkBody('labels', labels.length - LABELS_HEADER, labelCount);
  if (count !== labelCount || count === 0 || dimension === 0) {
    throw badLabels(`there are ${count} images of ${dimension} pixels and ${labelCount} labels`);
  }
  const body = labels.subarray(LABELS_HEADER);
  const largest = body.reduce((most, label) => Math.max(most, label), 0);
  const classes = options.classes ?? Math.max(2, largest + 1);
  const stray = body.findIndex((label) => label >= classes);
  if (stray >= 0) throw badLabels(`label ${stray} is ${body[stray]}, there are ${classes} classes`);
  return {
    features: { kind: 'bytes', values: images.slice(IMAGES_HEADER), scale: 1 / 255 },
    labels: Int32Array.from(body),
    classes: Array.from({ length: classes }, (_, label) => String(label)),
    dimension,
    size: count,
  };
}

/** @returns the sizes after the magic number */
function header(file: string, bytes: Uint8Array, magic: number, length: number): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = bytes.length >= 4 ? view.getUint32(0) : undefined;
  if (found !== magic) {
    const words = found === undefined ? `${bytes.length} bytes` : `0x${found.toString(16).padStart(8, '0')}`;
    throw new MurmurError({
      code: 'DATA_IDX_MAGIC',
      message: `the ${file} file starts with ${words}, not with the magic number 0x${magic.toString(16).padStart(8, '0')}`,
      remedy: 'give unpacked idx files of unsigned bytes, images and labels in their places (gunzip .gz files first)',
      facts: { file },
    });
  }
  if (bytes.length < length) throw badLength(file, `its header has ${length} bytes, the file ${bytes.length}`);
  return Array.from({ length: length / 4 - 1 }, (_, i) => view.getUint32(4 + 4 * i));
}

function checkBody(file: string, found: number, wanted: number): void {
  if (found !== wanted) throw badLength(file, `its header announces ${wanted} bytes, ${found} follow`);
}

function badLength(file: string, detail: string): MurmurError {
  return new MurmurError({
    code: 'DATA_IDX_LENGTH',
    message: `the ${file} file is damaged: ${detail}`,
    remedy: 'fetch the file again; it was cut off or is not idx',
    facts: { file },
  });
}

function badLabels(message: string): MurmurError {
  return new MurmurError({
    code: 'DATA_IDX_LABELS',
    message: `images and labels do not fit: ${message}`,
    remedy: 'give the label file that belongs to the image file',
  });
}
