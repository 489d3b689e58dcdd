import {
  accept,
  bytesUpTo,
  type Clock,
  compareBytes,
  type DeviceId,
  decode,
  encode,
  equalBytes,
  integer,
  type Result,
  refuse,
  struct,
  uint,
} from '@murmuration/core';
import {
  checkValidity,
  type DeviceCertificate,
  type DeviceIdentity,
  MAX_CERTIFICATE_BYTES,
  readCertificate,
} from '@murmuration/identity';

/** Raised when hosts of the old and the new number cannot talk. */
const LINK_VERSION = 1;
const MAX_HELLO_BYTES = MAX_CERTIFICATE_BYTES + 256;

/** The first frame of both sides. The encrypted connection has proven the key; this proves whose key it is. */
const helloSchema = struct({
  version: integer(0),
  certificate: bytesUpTo(MAX_CERTIFICATE_BYTES),
  /** When the host started: another number means that the device was restarted. */
  incarnation: uint,
  /** Counts the dials of the host; of two links that one side dialled, the later one stays. */
  attempt: uint,
});

/** Decides whether a device may link to us: membership, quarantine. Reasons are ours and kebab case. */
export type Admit = (certificate: DeviceCertificate, device: DeviceId) => Result<void>;

export interface AdmittedPeer {
  readonly device: DeviceId;
  readonly certificate: DeviceCertificate;
  readonly incarnation: number;
  readonly attempt: number;
}

export function encodeHello(identity: DeviceIdentity, incarnation: number, attempt: number): Uint8Array {
  return encode(helloSchema, {
    version: LINK_VERSION,
    certificate: identity.certificateBytes,
    incarnation,
    attempt,
  });
}

/**
 * Weighs the hello of a peer.
 * @param remoteKey the key that the encrypted connection proved, 32 bytes
 * @returns the peer, or `malformed-hello`, `wrong-version`, `wrong-identity` (the certificate is for another key),
 *   `own-identity`, a reason of `readCertificate` or `checkValidity`, or a reason of `admit`
 */
export function readHello(
  bytes: Uint8Array,
  remoteKey: Uint8Array,
  deps: { readonly clock: Clock; readonly self: DeviceId; readonly admit: Admit },
): Result<AdmittedPeer> {
  const hello = decode(helloSchema, bytes, { maxBytes: MAX_HELLO_BYTES });
  if (!hello.ok) return refuse('malformed-hello', hello.detail ?? hello.reason);
  const { version, incarnation, attempt } = hello.value;
  if (version !== LINK_VERSION) return refuse('wrong-version', `version ${version}, ours is ${LINK_VERSION}`);
  const certificate = readCertificate(hello.value.certificate);
  if (!certificate.ok) return certificate;
  const { device, key } = certificate.value;
  if (!equalBytes(key, remoteKey)) return refuse('wrong-identity', 'the certificate is for another key');
  if (device === deps.self) return refuse('own-identity', 'another process runs with our identity');
  const valid = checkValidity(certificate.value, deps.clock.nowMs());
  if (!valid.ok) return valid;
  const admitted = deps.admit(certificate.value, device);
  if (!admitted.ok) return admitted;
  return accept({ device, certificate: certificate.value, incarnation, attempt });
}

/** PeerIds of Ed25519 keys are a constant prefix and the key, so keys compare as PeerIds do. */
export function isSmallerPeer(a: Uint8Array, b: Uint8Array): boolean {
  return compareBytes(a, b) < 0;
}
