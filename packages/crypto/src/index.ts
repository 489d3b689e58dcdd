export { AEAD_KEY_BYTES, AEAD_NONCE_BYTES, AEAD_TAG_BYTES, aeadOpen, aeadSeal } from './aead/chacha20-poly1305.ts';
export {
  BLS_PUBLIC_KEY_BYTES,
  BLS_SECRET_KEY_BYTES,
  BLS_SIGNATURE_BYTES,
  type BlsKeyPair,
  blsKeyPair,
  isBlsPublicKey,
} from './bls/keys.ts';
export { blsAggregate, blsFastAggregateVerify, blsSign, blsVerify } from './bls/multisignature.ts';
export { blsProvePossession, blsVerifyPossession } from './bls/possession.ts';
export { sha3_256, sha256 } from './hash/hash.ts';
export {
  AGREEMENT_CIPHERTEXT_BYTES,
  AGREEMENT_PUBLIC_KEY_BYTES,
  AGREEMENT_SEED_BYTES,
  AGREEMENT_SUITE,
  type AgreementKey,
  type AgreementRefusal,
  agreementKey,
} from './hybrid/agreement.ts';
export {
  type DecapsulateRefusal,
  type Encapsulated,
  type EncapsulateRefusal,
  KEM_CIPHERTEXT_BYTES,
  KEM_PUBLIC_KEY_BYTES,
  KEM_SECRET_KEY_BYTES,
  KEM_SHARED_BYTES,
  KEM_SUITE,
  type KemCoins,
  type KemKeyPair,
  kemDecapsulate,
  kemEncapsulate,
  kemKeyPair,
} from './hybrid/kem.ts';
export {
  ARGON2_DEFAULT_COST,
  ARGON2_MAX_MEMORY_KIB,
  type Argon2Cost,
  argon2id,
  isArgon2Cost,
} from './kdf/argon2id.ts';
export { hkdfSha256 } from './kdf/hkdf.ts';
export {
  type BackupPlan,
  type BackupShare,
  backUpSecret,
  type RestoreRefusal,
  readBackupShare,
  restoreSecret,
} from './keys/backup.ts';
export {
  createKeyRing,
  type KeyRing,
  type KeyRingEntry,
  type KeyState,
  type KeyVersion,
  openKeyRing,
  type RingRefusal,
} from './keys/key-ring.ts';
export {
  inspectKeyStore,
  type KeyStoreOptions,
  type KeyStoreRefusal,
  openKeyStore,
  type StoredKey,
  sealKeyStore,
} from './keys/key-store.ts';
export { MAX_WRAPPED_BYTES, type UnwrapRefusal, unwrapKey, unwrapKeyFor, wrapKey, wrapKeyFor } from './keys/wrap.ts';
export { merkleProof, merkleRoot, verifyMerkleProof } from './merkle/merkle.ts';
export { constantTimeEqual, wipe } from './secrets/secrets.ts';
export {
  createSigner,
  ED25519_PUBLIC_KEY_BYTES,
  ED25519_SECRET_KEY_BYTES,
  ed25519KeyPair,
  ed25519Sign,
  ed25519Verify,
  type KeyPair,
  type Signer,
} from './sign/ed25519.ts';
export { isCanonicalKey, isSmallOrderKey } from './sign/ed25519-keys.ts';
export { ED25519_SIGNATURE_BYTES } from './sign/ed25519-strict.ts';
export {
  HYBRID_SIGNATURE_BYTES,
  HYBRID_SUITE,
  type HybridKeyPair,
  type HybridPublicKey,
  type HybridSecretKey,
  hybridKeyPair,
  hybridSign,
  hybridVerify,
} from './sign/hybrid.ts';
export {
  ML_DSA_65_PUBLIC_KEY_BYTES,
  ML_DSA_65_SECRET_KEY_BYTES,
  ML_DSA_65_SIGNATURE_BYTES,
  mlDsa65KeyPair,
  mlDsa65Sign,
  mlDsa65Verify,
} from './sign/ml-dsa-65.ts';
export { AES_CTR_KEY_BYTES, aesCtrKeystream, aesCtrStream } from './stream/aes-ctr.ts';
export { dealShares } from './threshold/dealer.ts';
export {
  type BroadcastRefusal,
  type Cheated,
  type DkgSharing,
  type DkgStart,
  type ShareRefusal,
  startDkg,
} from './threshold/dkg.ts';
export { MAX_GROUP_SIZE, type SecretShare, type ThresholdGroup } from './threshold/group.ts';
export { createNonces, type NonceCommitment, type NoncePair, nonceCommitmentSchema } from './threshold/nonces.ts';
export {
  type RecoverRefusal,
  recoverSecret,
  SHAMIR_MAX_HOLDERS,
  SHAMIR_SECRET_BYTES,
  type ShamirShare,
  splitSecret,
} from './threshold/shamir.ts';
export {
  type CombineRefusal,
  combineShares,
  type PendingShare,
  type SetRefusal,
  type SigningSet,
  signShare,
  verifyGroupSignature,
  verifySignatureShare,
} from './threshold/signing.ts';
export { VRF_OUTPUT_BYTES, VRF_PROOF_BYTES, vrfProve, vrfVerify } from './vrf/ecvrf.ts';
export { vrfSample } from './vrf/sample.ts';
