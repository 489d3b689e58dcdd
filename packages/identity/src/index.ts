export {
  type DeviceCertificate,
  MAX_ATTESTATION_BYTES,
  MAX_CAPABILITIES,
  MAX_CERTIFICATE_BYTES,
  type VerifiedCertificate,
} from './certificate/certificate.ts';
export { type ContinuityReason, MAX_CHAIN_CERTIFICATES, verifyContinuity } from './certificate/continuity.ts';
export { type CertificateFields, issueCertificate, type PreviousCertificate } from './certificate/issue.ts';
export { type CertificateReason, checkValidity, readCertificate, type ValidityReason } from './certificate/read.ts';
export {
  CLOCK_TOLERANCE_MS,
  createIdentity,
  type DeviceIdentity,
  type IdentityOptions,
  restoreIdentity,
  rotateOperationalKey,
} from './device-key/identity.ts';
export { createOperationalKey, type OperationalKey } from './device-key/operational-key.ts';
export {
  createRootKey,
  deviceIdOf,
  type RootKey,
  rootKeyFromBytes,
  rootKeyToBytes,
  wipeRootKey,
} from './device-key/root-key.ts';
