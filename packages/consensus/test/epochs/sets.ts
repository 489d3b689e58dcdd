import { deviceIdFromDigest, utf8 } from '@murmuration/core';
import { createSigner, ed25519KeyPair, type Signer, sha3_256 } from '@murmuration/crypto';
import type { ReplicaSet } from '../../src/index.ts';
import { encodeCertificate } from '../../src/quorum/certificate.ts';
import { type Statement, signStatement } from '../../src/quorum/statement.ts';

export interface Voter {
  readonly device: ReplicaSet['replicas'][number]['device'];
  readonly key: Uint8Array;
  readonly signer: Signer;
}

/** The same voter for the same name; another key for another `turn`. */
export function voter(name: string, turn = 0): Voter {
  const { publicKey: key, secretKey } = ed25519KeyPair(sha3_256(utf8(`${name} key ${turn}`)));
  return { device: deviceIdFromDigest(sha3_256(utf8(name))), key, signer: createSigner(secretKey) };
}

export function voters(...names: string[]): Voter[] {
  return names.map((name) => voter(name));
}

export function setOf(members: readonly Voter[], epoch = 0, chain = 'chain'): ReplicaSet {
  const replicas = members.map(({ device, key }) => ({ device, key }));
  return { chainId: sha3_256(utf8(chain)), epoch, replicas };
}

/** A certificate of `members` at the positions given, which is as good as its signers. */
export function certify(
  set: ReplicaSet,
  members: readonly Voter[],
  statement: Pick<Statement, 'phase' | 'height' | 'digest'>,
  signers: readonly number[],
): Uint8Array {
  const whole = { ...statement, epoch: set.epoch, view: 0 };
  const signatures = signers.map((replica) => ({
    replica,
    signature: signStatement((members[replica] as Voter).signer, set.chainId, whole),
  }));
  return encodeCertificate({ epoch: set.epoch, view: 0, signatures });
}
