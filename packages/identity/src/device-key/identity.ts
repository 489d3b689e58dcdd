import { checkInteger, type DeviceId, type Entropy, equalBytes, MurmurError } from '@murmuration/core';
import { createSigner, type Signer } from '@murmuration/crypto';
import type { DeviceCertificate } from '../certificate/certificate.ts';
import { issueCertificate, type PreviousCertificate } from '../certificate/issue.ts';
import { readCertificate } from '../certificate/read.ts';
import { createOperationalKey, type OperationalKey } from './operational-key.ts';
import { createRootKey, type RootKey } from './root-key.ts';

/** What a running device needs to speak for itself. The root key is not part of it. */
export interface DeviceIdentity {
  readonly device: DeviceId;
  readonly certificate: DeviceCertificate;
  /** As issued: send and hash these, never a re-encoding. */
  readonly certificateBytes: Uint8Array;
  /** Signs with the operational key. */
  readonly signer: Signer;
  /** The operational secret key, 32 bytes, for the transport's handshake. Never logged. */
  readonly secretKey: Uint8Array;
}

export interface IdentityOptions {
  readonly nowMs: number;
  /** How long the certificate holds from `nowMs` on, in milliseconds, at least 1. */
  readonly validForMs: number;
  /** @default [] */
  readonly capabilities?: readonly string[];
  /** @default null */
  readonly attestation?: Uint8Array | null;
}

/** Certificates start this long before they are issued, for peers whose clocks are behind: NTP keeps hosts far closer. */
export const CLOCK_TOLERANCE_MS = 60_000;
const HEDGE_BYTES = 32;

/**
 * A new device: root key, first operational key, certificate of epoch 0.
 * @throws IDENTITY_BAD_FIELDS, OPTION_OUT_OF_RANGE
 */
export function createIdentity(
  entropy: Entropy,
  options: IdentityOptions,
): { readonly root: RootKey; readonly identity: DeviceIdentity } {
  const root = createRootKey(entropy);
  return { root, identity: certify(entropy, root, options) };
}

/**
 * The next epoch of a device: a new operational key, certified by the root key and vouched for by the current one.
 * @param options capabilities and attestation are those of the current certificate unless given
 * @throws IDENTITY_BAD_FIELDS, IDENTITY_BAD_PREVIOUS, OPTION_OUT_OF_RANGE
 */
export function rotateOperationalKey(
  entropy: Entropy,
  root: RootKey,
  current: DeviceIdentity,
  options: IdentityOptions,
): DeviceIdentity {
  const { capabilities, attestation } = current.certificate;
  return certify(
    entropy,
    root,
    { capabilities, attestation, ...options },
    {
      certificate: current.certificateBytes,
      operationalKey: { publicKey: current.signer.publicKey, secretKey: current.secretKey },
    },
  );
}

/**
 * The identity that a device stored: certificate and operational secret key. Time is not checked.
 * @throws IDENTITY_DAMAGED where the certificate is refused or certifies another key
 */
export function restoreIdentity(certificateBytes: Uint8Array, secretKey: Uint8Array): DeviceIdentity {
  const read = readCertificate(certificateBytes);
  if (!read.ok) throw damaged(`its certificate is refused: ${read.reason}`);
  const signer = createSigner(secretKey);
  if (!equalBytes(signer.publicKey, read.value.key)) throw damaged('its certificate is for another operational key');
  const { digest: _, ...certificate } = read.value;
  return { device: certificate.device, certificate, certificateBytes, signer, secretKey: Uint8Array.from(secretKey) };
}

function certify(
  entropy: Entropy,
  root: RootKey,
  options: IdentityOptions,
  previous?: PreviousCertificate,
): DeviceIdentity {
  const { nowMs, validForMs, capabilities = [], attestation = null } = options;
  checkInteger('validForMs', validForMs, 1);
  const operationalKey: OperationalKey = createOperationalKey(entropy);
  const fields = {
    operationalKey,
    notBeforeMs: Math.max(0, nowMs - CLOCK_TOLERANCE_MS),
    notAfterMs: nowMs + validForMs,
    capabilities,
    attestation,
    hedge: entropy.bytes(HEDGE_BYTES),
  };
  return restoreIdentity(issueCertificate(root, fields, previous), operationalKey.secretKey);
}

function damaged(why: string): MurmurError {
  return new MurmurError({
    code: 'IDENTITY_DAMAGED',
    message: `the stored identity cannot be used: ${why}`,
    remedy:
      'restore the certificate and the operational key together from one backup, or certify a new key with the root key',
  });
}
