import { accept, type Result, refuse } from '@murmuration/core';
import { checkValidity, readCertificate, type VerifiedCertificate, verifyContinuity } from '@murmuration/identity';
import type { RegisterDevice, RotateKey } from '../commands/command.ts';
import type { SignedCommand } from '../commands/signed-command.ts';
import { MAX_DEVICES } from '../limits.ts';
import type { Refusal, RefusalReason } from '../refusal.ts';
import type { Sent, Turn } from '../turn.ts';
import { pruneCertificates } from './prune-certificates.ts';
import { type CertificateEntry, certificateKey, type DeviceEntry } from './schema.ts';

/** The certificate that a registration carries, as the sender's: its key must have signed the command. */
export function readRegistration(
  signed: SignedCommand,
  command: RegisterDevice,
): Result<VerifiedCertificate, RefusalReason> {
  const certificate = readCertificate(command.certificate);
  if (!certificate.ok) return refuse('bad-certificate', certificate.reason);
  return certificate.value.device === signed.device ? certificate : refuse('certificate-of-another-device');
}

/** Enters a device. The command is admitted already. */
export function registerDevice(turn: Turn, certificate: VerifiedCertificate, command: RegisterDevice): Refusal {
  if (turn.state.devices.size >= MAX_DEVICES) return refuse('too-many-devices');
  if (command.name.length === 0) return refuse('bad-name');
  enterDevice(turn, certificate, command.certificate, command.name);
  const { device, epoch } = certificate;
  turn.emit({ kind: 'device-registered', device, name: command.name, epoch });
  return null;
}

/** Writes the entry and the certificate of a new device. */
export function enterDevice(turn: Turn, certificate: VerifiedCertificate, received: Uint8Array, name: string): void {
  const { device, epoch, key, notBeforeMs, notAfterMs, capabilities } = certificate;
  turn.state.devices.set(device, {
    device,
    name,
    role: turn.chain.isReplica(device) ? 'replica' : 'member',
    epoch,
    key,
    notBeforeMs,
    notAfterMs,
    capabilities,
    registeredHeight: turn.height,
    registeredMs: turn.nowMs,
    rotatedMs: null,
    jobsOpened: 0,
  });
  turn.state.certificates.set(certificateKey(device, epoch), { device, epoch, certificate: received });
}

/** Replaces the sender's operational key where the new certificate continues the old one. */
export function rotateKey(turn: Turn, { sender, command }: Sent<RotateKey>): Refusal {
  const rotated = checkRotation(turn, sender, command.certificate);
  if (!rotated.ok) return rotated;
  const { device, epoch, key, notBeforeMs, notAfterMs, capabilities } = rotated.value;
  turn.state.devices.set(device, {
    ...sender,
    epoch,
    key,
    notBeforeMs,
    notAfterMs,
    capabilities,
    rotatedMs: turn.nowMs,
  });
  turn.state.certificates.set(certificateKey(device, epoch), { device, epoch, certificate: command.certificate });
  pruneCertificates(turn);
  turn.emit({ kind: 'key-rotated', device, epoch });
  return null;
}

function checkRotation(
  turn: Turn,
  sender: DeviceEntry,
  received: Uint8Array,
): Result<VerifiedCertificate, RefusalReason> {
  const current = turn.state.certificates.get(certificateKey(sender.device, sender.epoch)) as CertificateEntry;
  const continued = verifyContinuity([current.certificate, received]);
  if (!continued.ok) return refuse('no-continuity', continued.reason);
  const valid = checkValidity(continued.value, turn.nowMs);
  return valid.ok ? accept(continued.value) : refuse(`certificate-${valid.reason}`);
}
