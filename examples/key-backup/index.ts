/** Keys under a passphrase, the passphrase-free way back by Shamir shares, and what each kind of damage is called. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { equalBytes, utf8 } from '@murmuration/core';
import {
  backUpSecret,
  createKeyRing,
  openKeyStore,
  restoreSecret,
  type StoredKey,
  sealKeyStore,
  unwrapKey,
  wrapKey,
} from '@murmuration/crypto';
import { systemClock, systemEntropy } from '@murmuration/node';

const PASSPHRASE = 'correct horse battery staple';
const CONTEXT = utf8('example/key-backup/store');

const secret = systemEntropy.bytes(32);
const keys: StoredKey[] = [
  { name: 'device', purpose: 'operational', version: 1, state: 'active', createdMs: systemClock.nowMs(), secret },
];
const folder = mkdtempSync(path.join(tmpdir(), 'key-backup-'));
const file = path.join(folder, 'keys.murmur');

function open(bytes: Uint8Array, passphrase: string): string {
  const opened = openKeyStore(bytes, passphrase);
  if (!opened.ok) return opened.reason;
  const [key] = opened.value;
  return key !== undefined && equalBytes(key.secret, secret) ? 'opens, the key is the same' : 'another key';
}

function flip(bytes: Uint8Array, at: number): Uint8Array {
  const flipped = Uint8Array.from(bytes);
  flipped[at] = (flipped[at] as number) ^ 1;
  return flipped;
}

try {
  writeFileSync(file, sealKeyStore(PASSPHRASE, keys, systemEntropy), { mode: 0o600 });
  const stored = new Uint8Array(readFileSync(file));
  console.log(`key store, ${stored.length} bytes, Argon2id over 64 MiB`);
  console.log(`  right passphrase:   ${open(stored, PASSPHRASE)}`);
  console.log(`  wrong passphrase:   ${open(stored, 'correct horse battery stable')}`);
  console.log(`  one bit damaged:    ${open(flip(stored, stored.length - 5), PASSPHRASE)}`);
  console.log(`  another file:       ${open(utf8('{"name": "not a key store, but a document"}'), PASSPHRASE)}`);

  // A backup key wraps the secret; the wrap may lie anywhere, the backup key is split among five people.
  const backupKey = systemEntropy.bytes(32);
  const wrapped = wrapKey(backupKey, secret, CONTEXT, systemEntropy);
  const shares = backUpSecret(backupKey, { threshold: 3, holders: 5 }, systemEntropy);
  const restore = (documents: readonly Uint8Array[]): string => {
    const restored = restoreSecret(documents);
    if (!restored.ok) return `${restored.reason}${restored.detail === undefined ? '' : ` (${restored.detail})`}`;
    const key = unwrapKey(restored.value, wrapped, CONTEXT);
    return key.ok && equalBytes(key.value, secret) ? 'restored, the key is the same' : 'another key';
  };
  const [a, b, c, d, e] = shares as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  const [alien] = backUpSecret(systemEntropy.bytes(32), { threshold: 3, holders: 5 }, systemEntropy) as [Uint8Array];
  console.log(`\nbackup, three of five shares of ${a.length} bytes`);
  console.log(`  shares 5, 2, 4:     ${restore([e, b, d])}`);
  console.log(`  shares 1, 3:        ${restore([a, c])}`);
  console.log(`  share 3 damaged:    ${restore([a, b, flip(c, 40)])}`);
  console.log(`  of another backup:  ${restore([a, b, alien])}`);

  const ring = createKeyRing(systemEntropy);
  const old = ring.wrap(secret, CONTEXT, systemEntropy);
  ring.rotate(systemEntropy);
  const renewed = ring.rewrap(old, CONTEXT, systemEntropy);
  ring.destroy(1);
  const answer = (wire: Uint8Array) => {
    const result = ring.unwrap(wire, CONTEXT);
    return result.ok ? 'opens' : result.reason;
  };
  console.log('\nrotation');
  console.log(`  rewrapped under version 2:           ${renewed.ok ? answer(renewed.value) : renewed.reason}`);
  console.log(`  left under version 1, now destroyed: ${answer(old)}`);
} finally {
  rmSync(folder, { recursive: true });
}
