import { equalBytes, MurmurError } from '@murmuration/core';
import type { Signer } from '@murmuration/crypto';
import type { Command, CommandSigner, Ledger } from '@murmuration/ledger';
import type { ServiceDeps } from './deps.ts';

type Own = Pick<ServiceDeps, 'identity' | 'earlierSigners'>;
type Devices = Pick<Ledger, 'device'>;

/** Signs commands with the key that the ledger names: until a rotation is committed, the one before. */
export function commandSigner({ identity, earlierSigners = [] }: Own, ledger: Devices): CommandSigner {
  const { device, signer } = identity;
  const named = ledger.device(device)?.key;
  const earlier = earlierSigners.find(({ publicKey }) => named !== undefined && equalBytes(publicKey, named));
  return { device, signer: earlier ?? signer };
}

/** The same key for anything else that peers check against the ledger, looked up at each use. */
export function ledgerSigner(own: Own, chain: { readonly ledger: Devices }): Signer {
  const named = () => commandSigner(own, chain.ledger).signer;
  return {
    get publicKey() {
      return named().publicKey;
    },
    sign: (domain, message) => named().sign(domain, message),
  };
}

/**
 * What this device has to tell the ledger about itself: that it is there, or the next of its keys. The same at each
 * start, until the ledger has it.
 */
export function ownCommand({ identity, name }: Pick<ServiceDeps, 'identity' | 'name'>, ledger: Devices) {
  const { device, certificateBytes: certificate } = identity;
  const entry = ledger.device(device);
  if (entry === undefined) return { kind: 'register-device', certificate, name } as const satisfies Command;
  if (entry.epoch >= identity.certificate.epoch) return undefined;
  return { kind: 'rotate-key', certificate } as const satisfies Command;
}

/** The ledger has a newer key of this device than this process: nothing that it signs counts any more. */
export function replacedKey({ identity }: Own, ledger: Devices): MurmurError | undefined {
  const { device, certificate } = identity;
  const entry = ledger.device(device);
  if (entry === undefined || entry.epoch < certificate.epoch) return undefined;
  return entry.epoch === certificate.epoch && equalBytes(entry.key, certificate.key)
    ? undefined
    : keyReplaced(certificate.epoch, `epoch ${entry.epoch}`);
}

export function keyReplaced(epoch: number, by: string): MurmurError {
  return new MurmurError({
    code: 'KEY_REPLACED',
    message: `this home has the operational key of epoch ${epoch}, and the ledger another one of this device (${by})`,
    remedy:
      'start the home that was rotated; where only an older copy is left, the device cannot go on: make a home with a new key',
    facts: { epoch },
  });
}
