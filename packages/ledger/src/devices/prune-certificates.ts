import type { Turn } from '../turn.ts';
import { certificateKey } from './schema.ts';

/** Forgets replaced certificates that no kept proof was signed under. */
export function pruneCertificates(turn: Turn): void {
  const { certificates, devices, proofs } = turn.state;
  if (certificates.size === devices.size) return;
  const needed = new Set(devices.values().map(({ device, epoch }) => certificateKey(device, epoch)));
  for (const { updates, results } of proofs.values()) {
    for (const { device, epoch } of [...updates, ...results]) needed.add(certificateKey(device, epoch));
  }
  for (const key of certificates.keys()) if (!needed.has(key)) certificates.delete(key);
}
