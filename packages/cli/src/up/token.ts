import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** A new bearer token for this start, in a file that only its owner can read: whoever can read it may open jobs. */
export function writeToken(folder: string): { readonly token: string; readonly file: string } {
  const token = randomBytes(24).toString('base64url');
  const file = path.join(folder, 'gateway.token');
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, `${token}\n`, { mode: 0o600 });
  return { token, file };
}
