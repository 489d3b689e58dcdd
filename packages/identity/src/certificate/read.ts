import { accept, type DecodeReason, decodeCanonical, type Result, refuse } from '@murmuration/core';
import { ed25519Verify, hybridVerify, isCanonicalKey, isSmallOrderKey, sha3_256 } from '@murmuration/crypto';
import { deviceIdOf } from '../device-key/root-key.ts';
import {
  CERTIFICATE_DOMAIN,
  certificateBody,
  contentFault,
  type DeviceCertificate,
  MAX_CERTIFICATE_BYTES,
  POSSESSION_DOMAIN,
  type SignedCertificate,
  signedCertificate,
  type VerifiedCertificate,
} from './certificate.ts';

export type CertificateReason =
  | DecodeReason
  | 'bad-validity'
  | 'bad-capabilities'
  | 'bad-link'
  | 'wrong-device'
  | 'invalid-key'
  | 'bad-root-signature'
  | 'bad-possession';

export type ValidityReason = 'not-yet-valid' | 'expired';

/**
 * Reads and verifies a certificate that a peer chose: canonical bytes, device id = hash of the root keys,
 * no weak key, both root signatures, possession of the operational key. Says nothing about time
 * (`checkValidity`) nor about the certificate before it (`verifyContinuity`). About 0.5 ms.
 */
export function readCertificate(received: Uint8Array): Result<VerifiedCertificate, CertificateReason> {
  const parts = openCertificate(received);
  if (!parts.ok) return parts;
  const { certificate, signed } = parts.value;
  const { key, rootEd25519, rootMlDsa65 } = certificate;

  const fault = contentFault(certificate);
  if (fault !== undefined) return refuse(fault);
  const root = { ed25519: rootEd25519, mlDsa65: rootMlDsa65 };
  if (deviceIdOf(root) !== certificate.device) return refuse('wrong-device', 'the id is not the hash of the root keys');
  if (isWeak(key) || isWeak(rootEd25519)) return refuse('invalid-key', 'small order or not canonical');
  if ((certificate.epoch === 0) !== (signed.continuity === null)) return refuse('bad-link');
  if (!hybridVerify(CERTIFICATE_DOMAIN, signed.body, signed.root, root)) return refuse('bad-root-signature');
  if (!ed25519Verify(POSSESSION_DOMAIN, signed.body, signed.possession, key)) return refuse('bad-possession');
  return accept({ ...certificate, digest: sha3_256(received) });
}

/** Reads the shape of both layers and verifies nothing. */
export function openCertificate(
  received: Uint8Array,
): Result<{ certificate: DeviceCertificate; signed: SignedCertificate }, DecodeReason> {
  const signed = decodeCanonical(signedCertificate, received, { maxBytes: MAX_CERTIFICATE_BYTES });
  if (!signed.ok) return signed;
  const body = decodeCanonical(certificateBody, signed.value.body);
  if (!body.ok) return body;
  const { format: _, ...certificate } = body.value;
  return accept({ certificate, signed: signed.value });
}

/** Whether the certificate holds at `nowMs`: from notBeforeMs, up to but not including notAfterMs. */
export function checkValidity(
  certificate: Pick<DeviceCertificate, 'notBeforeMs' | 'notAfterMs'>,
  nowMs: number,
): Result<void, ValidityReason> {
  const { notBeforeMs, notAfterMs } = certificate;
  if (nowMs < notBeforeMs) return refuse('not-yet-valid', `valid in ${notBeforeMs - nowMs} ms`);
  if (nowMs >= notAfterMs) return refuse('expired', `since ${nowMs - notAfterMs} ms`);
  // A clock that gives no number proves nothing about time.
  return Number.isFinite(nowMs) ? accept(undefined) : refuse('expired', 'no time to compare with');
}

function isWeak(key: Uint8Array): boolean {
  return !isCanonicalKey(key) || isSmallOrderKey(key);
}
