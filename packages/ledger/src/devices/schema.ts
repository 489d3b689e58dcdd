import {
  bytes,
  bytesUpTo,
  type DeviceId,
  deviceId,
  list,
  oneOf,
  optional,
  type Schema,
  struct,
  text,
  uint,
} from '@murmuration/core';
import { MAX_CAPABILITIES, MAX_CERTIFICATE_BYTES } from '@murmuration/identity';
import { MAX_NAME_CHARS } from '../limits.ts';

/** A registered device, with what its newest certificate says. */
export interface DeviceEntry {
  readonly device: DeviceId;
  readonly name: string;
  readonly role: 'replica' | 'member';
  /** Epoch of the newest certificate. */
  readonly epoch: number;
  /** The operational key, 32 bytes. */
  readonly key: Uint8Array;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly capabilities: readonly string[];
  readonly registeredHeight: number;
  readonly registeredMs: number;
  /** Null while the key is the first one that the ledger saw. */
  readonly rotatedMs: number | null;
  /** Jobs that this device ever opened. */
  readonly jobsOpened: number;
}

export const deviceSchema: Schema<DeviceEntry> = struct({
  device: deviceId,
  name: text(MAX_NAME_CHARS),
  role: oneOf('replica', 'member'),
  epoch: uint,
  key: bytes(32),
  notBeforeMs: uint,
  notAfterMs: uint,
  capabilities: list(text(64), MAX_CAPABILITIES),
  registeredHeight: uint,
  registeredMs: uint,
  rotatedMs: optional(uint),
  jobsOpened: uint,
});

/** A certificate as received: the newest of each device, and older ones while a kept proof was signed under them. */
export interface CertificateEntry {
  readonly device: DeviceId;
  readonly epoch: number;
  readonly certificate: Uint8Array;
}

export const certificateSchema: Schema<CertificateEntry> = struct({
  device: deviceId,
  epoch: uint,
  certificate: bytesUpTo(MAX_CERTIFICATE_BYTES),
});

export function certificateKey(device: DeviceId, epoch: number): string {
  return `${device}/${numberKey(epoch)}`;
}

/** Decimal, of fixed width, so that keys sort as numbers do. */
export function numberKey(value: number): string {
  return value.toString().padStart(16, '0');
}
