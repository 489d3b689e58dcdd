import {
  bytes,
  bytesUpTo,
  type DeviceId,
  decodeCanonical,
  deviceId,
  type Entropy,
  encode,
  type Infer,
  list,
  MurmurError,
  oneOf,
  optional,
  struct,
  text,
  utf8,
} from '@murmuration/core';
import {
  AEAD_KEY_BYTES,
  AEAD_NONCE_BYTES,
  aeadOpen,
  aeadSeal,
  type BackupPlan,
  backUpSecret,
  ED25519_SECRET_KEY_BYTES,
  wipe,
} from '@murmuration/crypto';
import { MAX_CERTIFICATE_BYTES, rootKeyFromBytes, wipeRootKey } from '@murmuration/identity';
import { openHome, writeHome } from '../adapters/home.ts';
import { keepStoreId, readStoreId } from '../adapters/store-guard.ts';
import { areKeysClear, areKeysProtected, damaged, readDeviceKeys, wipeKeys } from './device-keys.ts';
import { restoreKey, sharesRefused } from './key-desk.ts';

const MAX_DOCUMENT_BYTES = 128 * 1024;
const MAX_CONTENT_BYTES = 32 * 1024;
/** For a key that seals one message. */
const ONLY_NONCE = new Uint8Array(AEAD_NONCE_BYTES);

const contentSchema = struct({
  name: text(256),
  certificate: bytesUpTo(MAX_CERTIFICATE_BYTES),
  root: bytesUpTo(1024),
  operational: list(bytes(ED25519_SECRET_KEY_BYTES), 8),
  /** Of the store that this device votes with; null where it never voted. */
  storeId: optional(text(64)),
});

/** What a holder keeps: a share of a key drawn for this backup, and the device's keys sealed under that key. */
const documentSchema = struct({
  kind: oneOf('murmur-device-share-1'),
  device: deviceId,
  share: bytesUpTo(MAX_DOCUMENT_BYTES / 2),
  sealed: bytesUpTo(MAX_CONTENT_BYTES),
});

type Document = Infer<typeof documentSchema>;

/**
 * Documents for the holders of a backup of a device: root key, operational keys, certificate and name.
 * @throws HOME_MISSING, HOME_DAMAGED, also where the root key is kept elsewhere; KEYS_LOCKED, OPTION_OUT_OF_RANGE, and
 * what `readKeyFile` throws
 */
export function backUpDevice(
  folder: string,
  plan: BackupPlan,
  { entropy, passphrase }: { readonly entropy: Entropy; readonly passphrase?: string | undefined },
): Uint8Array[] {
  const { name, identity } = openHome(folder, passphrase);
  const { root, operational } = readDeviceKeys(folder, passphrase);
  if (root === undefined) throw damaged(folder, 'root.key', 'it is not there: bring it back for the backup');
  const { device, certificateBytes: certificate } = identity;
  const key = entropy.bytes(AEAD_KEY_BYTES);
  const content = encode(contentSchema, { name, certificate, root, operational, storeId: readStoreId(folder) });
  const sealed = aeadSeal(key, ONLY_NONCE, content, utf8(device));
  const shares = backUpSecret(key, plan, entropy);
  wipe(key, content);
  wipeKeys({ root, operational });
  return shares.map((share) => encode(documentSchema, { kind: 'murmur-device-share-1', device, share, sealed }));
}

/**
 * Makes the home of a device again from the documents of as many holders as its backup needs. Beside what a home lost
 * its keys to, store and genesis, it goes on with them. Without its store a device that voted does not start
 * (STORE_FORGOTTEN): what it forgot it could contradict.
 * @throws HOME_EXISTS where the home has keys, KEYS_SHARES with the reason, HOME_FAILED
 */
export function restoreDevice(folder: string, documents: readonly Uint8Array[]): DeviceId {
  if (areKeysProtected(folder) || areKeysClear(folder)) throw hasKeys(folder);
  const read = documents.map(readDocument);
  const key = restoreKey(read.map(({ share }) => share));
  const { device, content } = openAny(read, key);
  wipe(key);
  const root = rootKeyFromBytes(content.root);
  wipeRootKey(root);
  if (root.device !== device) throw sharesRefused('wrong-share', 'the root key in it is that of another device');
  const { name, certificate, operational, storeId } = content;
  if (storeId !== null && readStoreId(folder) === null) keepStoreId(folder, storeId);
  writeHome(folder, { name, certificate, keys: { root: content.root, operational } });
  wipeKeys(content);
  return device;
}

function readDocument(bytes: Uint8Array, i: number): Document {
  const document = decodeCanonical(documentSchema, bytes, { maxBytes: MAX_DOCUMENT_BYTES });
  if (document.ok) return document.value;
  throw sharesRefused('damaged-share', `document ${i + 1}: it is no share of a device`);
}

/** A holder that changed the sealed keys in its document spoils that one alone. */
function openAny(documents: readonly Document[], key: Uint8Array) {
  for (const { device, sealed } of documents) {
    const content = aeadOpen(key, ONLY_NONCE, sealed, utf8(device));
    const read = content && decodeCanonical(contentSchema, content, { maxBytes: MAX_CONTENT_BYTES });
    if (content !== undefined) wipe(content);
    if (read?.ok === true) return { device, content: read.value };
  }
  throw sharesRefused('damaged-share', 'the sealed keys of no document open');
}

function hasKeys(folder: string): MurmurError {
  return new MurmurError({
    code: 'HOME_EXISTS',
    message: `${folder} has keys of a device already`,
    remedy: 'name another folder, or move its root.key, operational.key and device.keys away: nothing is overwritten',
    facts: { folder },
  });
}
