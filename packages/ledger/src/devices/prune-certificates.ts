import { toHex } from '@murmuration/core';
import type { Turn } from '../turn.ts';
import { keyOf } from './certificates.ts';
import { certificateKey } from './schema.ts';

/**
 * Forgets replaced certificates, except those that a kept proof was signed under, and those of the replicas' keys in
 * the epochs that are remembered: evidence of these is still taken.
 */
export function pruneCertificates(turn: Turn): void {
  const { certificates, devices, proofs, epochs } = turn.state;
  if (certificates.size === devices.size) return;
  const needed = new Set(devices.values().map(({ device, epoch }) => certificateKey(device, epoch)));
  for (const { updates, results } of proofs.values()) {
    for (const { device, epoch } of [...updates, ...results]) needed.add(certificateKey(device, epoch));
  }
  const seats = new Set(epochs.values().flatMap(({ replicas }) => replicas.map(({ key }) => toHex(key))));
  for (const key of certificates.keys()) {
    const entry = certificates.get(key);
    if (entry === undefined || needed.has(key) || seats.has(toHex(keyOf(entry)))) continue;
    certificates.delete(key);
  }
}
