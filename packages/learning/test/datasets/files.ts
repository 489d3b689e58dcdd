import { concatBytes } from '@murmuration/core';

function header(...numbers: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * numbers.length);
  for (const [i, number] of numbers.entries()) new DataView(bytes.buffer).setUint32(4 * i, number);
  return bytes;
}

/** An idx file of images, each pixel its own index modulo 256. */
export function idxImages(count: number, rows = 2, columns = 3): Uint8Array {
  const pixels = Uint8Array.from({ length: count * rows * columns }, (_, i) => i);
  return concatBytes(header(0x0803, count, rows, columns), pixels);
}

export function idxLabels(...labels: readonly number[]): Uint8Array {
  return concatBytes(header(0x0801, labels.length), Uint8Array.from(labels));
}
