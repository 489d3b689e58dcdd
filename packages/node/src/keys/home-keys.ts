import { requireHome } from '../adapters/home.ts';
import { lockHome } from '../adapters/home-lock.ts';
import { deviceStoreOf, type ProtectOptions, protectDeviceKeys, unprotectDeviceKeys } from './device-keys.ts';
import { readKeyFile, writeKeyFile } from './key-file.ts';

/**
 * Puts the keys of a home, whose device must not run, under a passphrase.
 * @throws HOME_MISSING, HOME_IN_USE, and what `protectDeviceKeys` throws
 */
export function protectHome(folder: string, passphrase: string, options: ProtectOptions): void {
  requireHome(folder);
  using _ = lockHome(folder);
  protectDeviceKeys(folder, passphrase, options);
}

/** Puts them back into clear files. @throws HOME_MISSING, HOME_IN_USE, and what `readKeyFile` throws */
export function unprotectHome(folder: string, passphrase: string): void {
  requireHome(folder);
  using _ = lockHome(folder);
  unprotectDeviceKeys(folder, passphrase);
}

/** @throws HOME_MISSING, HOME_IN_USE, and what `readKeyFile` and `writeKeyFile` throw */
export function changeHomePassphrase(
  folder: string,
  { former, next }: { readonly former: string; readonly next: string },
  { entropy, ...options }: Omit<ProtectOptions, 'nowMs'>,
): void {
  requireHome(folder);
  using _ = lockHome(folder);
  const path = deviceStoreOf(folder);
  writeKeyFile(path, next, readKeyFile(path, former).keys, entropy, options);
}
