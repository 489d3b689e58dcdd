import {
  accept,
  bytes,
  bytesUpTo,
  type DeviceId,
  decode,
  encode,
  equalBytes,
  list,
  type Result,
  refuse,
  struct,
  text,
  uint,
} from '@murmuration/core';
import { ED25519_SIGNATURE_BYTES, ed25519Verify } from '@murmuration/crypto';
import {
  checkValidity,
  type DeviceCertificate,
  type DeviceIdentity,
  MAX_CERTIFICATE_BYTES,
  readCertificate,
} from '@murmuration/identity';

/** Where a device listens, signed with the operational key that its certificate names: valid whoever passes it on. */
export interface AddressRecord {
  readonly device: DeviceId;
  readonly addresses: readonly string[];
  /** Of one epoch of the certificate, the highest sequence counts. */
  readonly sequence: number;
  readonly certificate: DeviceCertificate;
  readonly certificateBytes: Uint8Array;
  /** As signed. Pass these on, never a re-encoding. */
  readonly bytes: Uint8Array;
}

const ADDRESS_RECORD_DOMAIN = 'murmur/comm/address-record/1';
const MAX_ADDRESSES = 8;
const MAX_ADDRESS_CHARS = 256;
const MAX_BODY_BYTES = MAX_CERTIFICATE_BYTES + MAX_ADDRESSES * (MAX_ADDRESS_CHARS + 8) + 64;
export const MAX_RECORD_BYTES = MAX_BODY_BYTES + 128;

const bodySchema = struct({
  certificate: bytesUpTo(MAX_CERTIFICATE_BYTES),
  addresses: list(text(MAX_ADDRESS_CHARS), MAX_ADDRESSES),
  sequence: uint,
});
const recordSchema = struct({ body: bytesUpTo(MAX_BODY_BYTES), signature: bytes(ED25519_SIGNATURE_BYTES) });

/** @param addresses multiaddrs; the first 8 are kept */
export function createAddressRecord(
  identity: DeviceIdentity,
  addresses: readonly string[],
  sequence: number,
): AddressRecord {
  const kept = addresses.slice(0, MAX_ADDRESSES);
  const body = encode(bodySchema, { certificate: identity.certificateBytes, addresses: kept, sequence });
  const signature = identity.signer.sign(ADDRESS_RECORD_DOMAIN, body);
  return {
    device: identity.device,
    addresses: kept,
    sequence,
    certificate: identity.certificate,
    certificateBytes: identity.certificateBytes,
    bytes: encode(recordSchema, { body, signature }),
  };
}

/**
 * Reads a record that a peer passed on.
 * @param known the record held for a device, so that its certificate is not verified twice and old news costs nothing
 * @returns the record, or `malformed-record`, `stale-record`, a reason of `readCertificate` or `checkValidity`,
 *   `bad-signature`
 */
export function readAddressRecord(
  received: Uint8Array,
  nowMs: number,
  known: (certificateBytes: Uint8Array) => AddressRecord | undefined,
): Result<AddressRecord> {
  const record = decode(recordSchema, received, { maxBytes: MAX_RECORD_BYTES });
  if (!record.ok) return refuse('malformed-record', record.detail);
  const body = decode(bodySchema, record.value.body);
  if (!body.ok) return refuse('malformed-record', body.detail);
  const { certificate: certificateBytes, addresses, sequence } = body.value;
  const held = known(certificateBytes);
  if (held !== undefined && held.sequence >= sequence) return refuse('stale-record');
  const certificate = held === undefined ? readCertificate(certificateBytes) : accept(held.certificate);
  if (!certificate.ok) return certificate;
  const valid = checkValidity(certificate.value, nowMs);
  if (!valid.ok) return valid;
  const { device, key } = certificate.value;
  if (!ed25519Verify(ADDRESS_RECORD_DOMAIN, record.value.body, record.value.signature, key)) {
    return refuse('bad-signature');
  }
  return accept({ device, addresses, sequence, certificate: certificate.value, certificateBytes, bytes: received });
}

/** Whether `a` replaces `b`, both of one device. */
export function isNewer(a: AddressRecord, b: AddressRecord): boolean {
  if (a.certificate.epoch !== b.certificate.epoch) return a.certificate.epoch > b.certificate.epoch;
  return a.sequence > b.sequence;
}

export function sameCertificate(record: AddressRecord, certificateBytes: Uint8Array): boolean {
  return equalBytes(record.certificateBytes, certificateBytes);
}
