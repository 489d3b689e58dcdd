import { existsSync } from 'node:fs';
import path from 'node:path';

/** @returns the file that holds a device's root key in `home`, or undefined where there is none */
export function hasRootKey(home: string): string | undefined {
  const file = path.join(home, 'root.key');
  return existsSync(file) ? file : undefined;
}
