import { blsAggregate, blsFastAggregateVerify, blsSign } from '@murmuration/crypto';

/** Signatures of one statement that add up to one. */
export interface Multisignature {
  /** @returns 96 bytes */
  sign(domain: string, message: Uint8Array, secretKey: Uint8Array): Uint8Array;
  /** @returns 96 bytes; undefined where one of them is no signature */
  aggregate(signatures: readonly Uint8Array[]): Uint8Array | undefined;
  /** Whether every holder of these keys signed. */
  verify(domain: string, message: Uint8Array, publicKeys: readonly Uint8Array[], aggregate: Uint8Array): boolean;
}

/** BLS12-381 of `@murmuration/crypto`. Simulations may put something cheaper in its place. */
export const BLS: Multisignature = { sign: blsSign, aggregate: blsAggregate, verify: blsFastAggregateVerify };

/** The keys of all replicas in their order, and how they sign together. */
export interface BlsKeys {
  /** Each with a proof of possession that somebody checked: see `blsVerifyPossession`. */
  readonly publicKeys: readonly Uint8Array[];
  /** @default BLS */
  readonly multisignature?: Multisignature;
}
