import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MurmurError } from '@murmuration/core';

/** Of systemd's `LoadCredential=` and `SetCredentialEncrypted=`. */
const CREDENTIAL = 'murmur-passphrase';

/**
 * The file that the environment names for the passphrase: MURMUR_PASSPHRASE_FILE, or `murmur-passphrase` in the folder
 * CREDENTIALS_DIRECTORY of a systemd service. The environment never holds the passphrase itself, which children and
 * crash reports would inherit.
 */
export function passphraseFileOf(env: NodeJS.ProcessEnv): string | undefined {
  const { MURMUR_PASSPHRASE_FILE: named, CREDENTIALS_DIRECTORY: folder } = env;
  if (named !== undefined) return named;
  const credential = folder === undefined ? undefined : join(folder, CREDENTIAL);
  return credential !== undefined && existsSync(credential) ? credential : undefined;
}

/** Longer ones are a wrong file. */
const MAX_BYTES = 4096;

/**
 * The first line; also of a file descriptor, as `/dev/fd/3`. What is no text is refused: replaced by one sign each, all
 * bytes that are none would be one passphrase.
 * @throws KEYS_PASSPHRASE
 */
export function readPassphraseFile(file: string): string {
  const bytes = read(file);
  const end = bytes.indexOf(10);
  const line = bytes.subarray(0, end === -1 ? bytes.length : end);
  if (line.length > MAX_BYTES) {
    throw problem(
      file,
      `the first line of ${file} is longer than ${MAX_BYTES} bytes`,
      'name the file that holds the passphrase',
    );
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(line).replace(/\r$/, '');
  } catch (cause) {
    throw problem(
      file,
      `the passphrase file ${file} is no UTF-8 text`,
      'write random bytes as hexadecimal digits',
      cause,
    );
  }
}

function read(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw problem(file, `the passphrase file ${file} cannot be read`, 'check the path and its rights', cause);
  }
}

function problem(file: string, message: string, remedy: string, cause?: unknown): MurmurError {
  return new MurmurError({ code: 'KEYS_PASSPHRASE', message, remedy, facts: { file }, cause });
}
