import { type Entropy, MurmurError } from '@murmuration/core';
import { backUpSecret, restoreSecret, type StoredKey } from '@murmuration/crypto';

const KEY_BYTES = 32;

/** Safe to print, to type and to read back: what a terminal shows is what is there. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** @returns the keys with a new one, version 1. @throws KEYS_NAME where the name is taken, or name or purpose are none */
export function addKey(
  keys: readonly StoredKey[],
  { name, purpose, nowMs, secret }: { name: string; purpose: string; nowMs: number; secret: Uint8Array },
): StoredKey[] {
  for (const word of [name, purpose]) if (!NAME.test(word)) throw noName(word);
  if (keys.some((key) => key.name === name)) {
    throw new MurmurError({
      code: 'KEYS_NAME',
      message: `there already is a key "${name}"`,
      remedy: 'rotate it, or choose another name',
      facts: { name },
    });
  }
  return [...keys, { name, purpose, version: 1, state: 'active', createdMs: nowMs, secret }];
}

/** The active key of a name retires and a new version takes its place. @throws KEYS_NAME */
export function rotateKey(keys: readonly StoredKey[], name: string, nowMs: number, entropy: Entropy): StoredKey[] {
  const current = activeKey(keys, name);
  const next: StoredKey = {
    ...current,
    version: current.version + 1,
    createdMs: nowMs,
    secret: entropy.bytes(KEY_BYTES),
  };
  return [...keys.map((key) => (key === current ? { ...key, state: 'retired' as const } : key)), next];
}

/** Documents for the holders of a backup of the active key. @throws KEYS_NAME, OPTION_OUT_OF_RANGE */
export function backUpKey(
  keys: readonly StoredKey[],
  name: string,
  plan: { readonly threshold: number; readonly holders: number },
  entropy: Entropy,
): Uint8Array[] {
  return backUpSecret(activeKey(keys, name).secret, plan, entropy);
}

/** @throws KEYS_SHARES with the reason, naming the share at fault */
export function restoreKey(documents: readonly Uint8Array[]): Uint8Array {
  const restored = restoreSecret(documents);
  if (restored.ok) return restored.value;
  throw sharesRefused(restored.reason, restored.detail);
}

export function sharesRefused(reason: string, detail?: string): MurmurError {
  return new MurmurError({
    code: 'KEYS_SHARES',
    message: `the shares give no key: ${reason}${detail === undefined ? '' : `, ${detail}`}`,
    remedy: 'leave that share out and ask another holder, until as many as the backup needs are there',
    facts: { reason },
  });
}

export function newKey(entropy: Entropy): Uint8Array {
  return entropy.bytes(KEY_BYTES);
}

function noName(word: string): MurmurError {
  const shown = JSON.stringify(word.length > 64 ? `${word.slice(0, 64)}…` : word);
  return new MurmurError({
    code: 'KEYS_NAME',
    message: `${shown} is no name for a key or its purpose`,
    remedy: 'use 1 to 64 letters, digits, dots, dashes and underscores, the first a letter or digit',
    facts: { length: word.length },
  });
}

function activeKey(keys: readonly StoredKey[], name: string): StoredKey {
  const found = keys.find((key) => key.name === name && key.state === 'active');
  if (found !== undefined) return found;
  const names = [...new Set(keys.map((key) => key.name))];
  throw new MurmurError({
    code: 'KEYS_NAME',
    message: `there is no key "${name}"`,
    remedy:
      names.length === 0 ? 'the store is empty: add one with `murmur keys add`' : `there are: ${names.join(', ')}`,
    facts: { name },
  });
}
