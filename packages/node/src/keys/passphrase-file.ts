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

/** The first line; also of a file descriptor, as `/dev/fd/3`. @throws KEYS_PASSPHRASE */
export function readPassphraseFile(file: string): string {
  try {
    return readFileSync(file, 'utf8').split(/\r?\n/, 1)[0] as string;
  } catch (cause) {
    throw new MurmurError({
      code: 'KEYS_PASSPHRASE',
      message: `the passphrase file ${file} cannot be read`,
      remedy: 'check the path and its rights',
      facts: { file },
      cause,
    });
  }
}
