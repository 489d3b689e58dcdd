import { type DeviceId, equalBytes } from '@murmuration/core';
import { readCertificate } from '@murmuration/identity';
import type { LedgerState } from '../state/ledger-state.ts';
import { type CertificateEntry, certificateKey } from './schema.ts';

/** Keys of certificates that were read before: each was verified when it came, and to read it costs a signature. */
const keys = new WeakMap<CertificateEntry, Uint8Array>();

/** The kept certificate of a device that has this key. */
export function certificateOf(
  { certificates, devices }: LedgerState,
  device: DeviceId,
  key: Uint8Array,
): CertificateEntry | undefined {
  const now = devices.get(device);
  if (now !== undefined && equalBytes(now.key, key)) return certificates.get(certificateKey(device, now.epoch));
  const kept = certificates.values().filter((entry) => entry.device === device);
  return kept.find((entry) => equalBytes(keyOf(entry), key));
}

/** The operational key that a kept certificate names. */
export function keyOf(entry: CertificateEntry): Uint8Array {
  const known = keys.get(entry);
  if (known !== undefined) return known;
  const read = readCertificate(entry.certificate);
  const key = read.ok ? read.value.key : new Uint8Array(0);
  keys.set(entry, key);
  return key;
}
