import { type DeviceId, toHex, utf8 } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import type { EvidenceBundle, EvidenceKind } from './evidence-bundle.ts';

/** What a bundle proves. */
export interface Finding {
  /** Names the offence: 32 hexadecimal characters, equal for every proof of it. */
  readonly id: string;
  readonly kind: EvidenceKind;
  readonly accused: DeviceId;
  /** One sentence for a person. */
  readonly summary: string;
  readonly facts: Readonly<Record<string, string | number>>;
}

const ID_DOMAIN = 'murmur/ledger/offence/1';
const ID_BYTES = 16;

/** @param offence what makes this offence another than the accused's other ones of the same kind */
export function finding(
  bundle: Pick<EvidenceBundle, 'kind' | 'accused' | 'chainId'>,
  offence: readonly (string | number)[],
  summary: string,
  facts: Finding['facts'],
): Finding {
  const { kind, accused, chainId } = bundle;
  const name = JSON.stringify([ID_DOMAIN, toHex(chainId), kind, accused, ...offence]);
  return { id: toHex(sha3_256(utf8(name)).subarray(0, ID_BYTES)), kind, accused, summary, facts };
}
