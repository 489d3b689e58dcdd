import { readFileSync } from 'node:fs';
import { fromHex } from '@murmuration/core';

/** Published vectors, kept beside this file under the name of their source. */
export function vectors<T>(file: string): readonly T[] {
  const { vectors: rows } = JSON.parse(readFileSync(new URL(`./vectors/${file}`, import.meta.url), 'utf8')) as {
    vectors: T[];
  };
  return rows;
}

export function hex(text: string): Uint8Array {
  const bytes = fromHex(text);
  if (bytes === undefined) throw new Error(`not hexadecimal: ${text.slice(0, 40)}`);
  return bytes;
}
