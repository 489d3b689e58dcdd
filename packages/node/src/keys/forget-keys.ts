import { equalBytes } from '@murmuration/core';
import { ed25519KeyPair } from '@murmuration/crypto';
import type { Home } from '../adapters/home.ts';
import type { Chain } from '../services/chain.ts';
import { readDeviceKeys, replaceOperationalKeys, wipeKeys } from './device-keys.ts';
import type { RotateDeviceOptions } from './rotate-device.ts';

/**
 * Drops the operational keys that nothing needs any more: those before the one that the ledger names, unless the
 * device still votes under them, and what a crash left uncertified.
 * @returns how many are gone
 */
export function forgetEarlierKeys(home: Home, chain: Chain, options: RotateDeviceOptions): number {
  const { folder, identity } = home;
  const named = chain.ledger.device(identity.device)?.key;
  if (home.earlierSigners.length === 0 || named === undefined || !equalBytes(named, identity.certificate.key)) return 0;
  const keys = readDeviceKeys(folder, options.passphrase);
  const current = chain.epochAt(Math.max(1, chain.height)).baseHeight;
  const seats = chain.epochs.filter(({ baseHeight }) => baseHeight >= current).flatMap(({ set }) => set.replicas);
  const needed = [named, ...seats.filter(({ device }) => device === identity.device).map(({ key }) => key)];
  const kept = keys.operational.filter((secret) => {
    const { publicKey } = ed25519KeyPair(secret);
    return needed.some((key) => equalBytes(key, publicKey));
  });
  const gone = keys.operational.length - kept.length;
  if (gone > 0) replaceOperationalKeys(folder, kept, options);
  wipeKeys(keys);
  return gone;
}
