import { encode, equalBytes, MurmurError } from '@murmuration/core';
import { ed25519Sign, hybridSign, sha3_256 } from '@murmuration/crypto';
import type { OperationalKey } from '../device-key/operational-key.ts';
import type { RootKey } from '../device-key/root-key.ts';
import {
  CERTIFICATE_DOMAIN,
  CONTINUITY_DOMAIN,
  certificateBody,
  contentFault,
  type DeviceCertificate,
  MAX_ATTESTATION_BYTES,
  MAX_CAPABILITIES,
  MAX_CAPABILITY_CHARS,
  POSSESSION_DOMAIN,
  signedCertificate,
} from './certificate.ts';
import { readCertificate } from './read.ts';

export interface CertificateFields {
  /** The key to certify; it proves that its holder asked. */
  readonly operationalKey: OperationalKey;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** Sorted and made unique here. @default [] */
  readonly capabilities?: readonly string[];
  /** @default null */
  readonly attestation?: Uint8Array | null;
  /** 32 bytes from `Entropy` against fault attacks on ML-DSA; without them the signature is deterministic. */
  readonly hedge?: Uint8Array;
}

/** The certificate that the new one follows, and the key that it certified. */
export interface PreviousCertificate {
  readonly certificate: Uint8Array;
  readonly operationalKey: OperationalKey;
}

/**
 * Certifies an operational key at epoch 0, or at one more than `previous`. About 10 ms, for ML-DSA.
 * @returns body, hybrid root signature, possession signature and the previous key's continuity signature
 * @throws IDENTITY_BAD_FIELDS, IDENTITY_BAD_PREVIOUS
 */
export function issueCertificate(root: RootKey, fields: CertificateFields, previous?: PreviousCertificate): Uint8Array {
  const link = previous === undefined ? FIRST : linkTo(root, fields, previous);
  const certificate: DeviceCertificate = {
    device: root.device,
    rootEd25519: root.publicKey.ed25519,
    rootMlDsa65: root.publicKey.mlDsa65,
    epoch: link.epoch,
    key: fields.operationalKey.publicKey,
    notBeforeMs: fields.notBeforeMs,
    notAfterMs: fields.notAfterMs,
    capabilities: [...new Set(fields.capabilities ?? [])].sort(),
    attestation: fields.attestation ?? null,
    previous: link.previous,
  };
  checkFields(certificate);
  return signCertificate(root, certificate, fields.operationalKey, previous?.operationalKey, fields.hedge);
}

/** Signs whatever it is given. */
export function signCertificate(
  root: RootKey,
  certificate: DeviceCertificate,
  operationalKey: OperationalKey,
  previousKey?: OperationalKey,
  hedge?: Uint8Array,
): Uint8Array {
  const body = encode(certificateBody, { format: 'murmur-certificate/1', ...certificate });
  return encode(signedCertificate, {
    body,
    root: hybridSign(CERTIFICATE_DOMAIN, body, root.secretKey, hedge),
    possession: ed25519Sign(POSSESSION_DOMAIN, body, operationalKey.secretKey),
    continuity: previousKey === undefined ? null : ed25519Sign(CONTINUITY_DOMAIN, body, previousKey.secretKey),
  });
}

const FIRST = { epoch: 0, previous: null };

function linkTo(
  root: RootKey,
  fields: CertificateFields,
  previous: PreviousCertificate,
): { epoch: number; previous: Uint8Array } {
  const read = readCertificate(previous.certificate);
  if (!read.ok) throw badPrevious(`is refused: ${read.reason}`);
  if (read.value.device !== root.device) throw badPrevious(`belongs to ${read.value.device}, not to ${root.device}`);
  if (!equalBytes(read.value.key, previous.operationalKey.publicKey)) throw badPrevious('certifies another key');
  if (equalBytes(read.value.key, fields.operationalKey.publicKey)) throw badPrevious('certifies the same key already');
  return { epoch: read.value.epoch + 1, previous: sha3_256(previous.certificate) };
}

function checkFields(certificate: DeviceCertificate): void {
  const { notBeforeMs, notAfterMs, capabilities, attestation } = certificate;
  if (![notBeforeMs, notAfterMs].every((time) => Number.isSafeInteger(time) && time >= 0)) {
    throw badFields(`validity ${notBeforeMs} to ${notAfterMs} is not in whole milliseconds since 1970`);
  }
  const fault = contentFault(certificate);
  if (fault === 'bad-validity') throw badFields(`it would end (${notAfterMs}) before it starts (${notBeforeMs})`);
  if (fault === 'bad-capabilities') throw badFields(`a capability of ${capabilities.join(' ')} is not of [a-z0-9.:-]`);
  if (capabilities.length > MAX_CAPABILITIES || capabilities.some((word) => word.length > MAX_CAPABILITY_CHARS)) {
    throw badFields(`more than ${MAX_CAPABILITIES} capabilities, or one above ${MAX_CAPABILITY_CHARS} characters`);
  }
  if ((attestation?.length ?? 0) > MAX_ATTESTATION_BYTES) {
    throw badFields(`the attestation has ${attestation?.length} bytes, more than ${MAX_ATTESTATION_BYTES}`);
  }
}

function badFields(why: string): MurmurError {
  return new MurmurError({
    code: 'IDENTITY_BAD_FIELDS',
    message: `no certificate can be issued: ${why}`,
    remedy: 'correct the validity, capabilities or attestation of the certificate',
  });
}

function badPrevious(why: string): MurmurError {
  return new MurmurError({
    code: 'IDENTITY_BAD_PREVIOUS',
    message: `the previous certificate ${why}`,
    remedy: "rotate from the device's newest certificate and the operational key that it certifies, to a new key",
  });
}
