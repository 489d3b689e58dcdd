import type { Admit, CommHost, LinkView } from '@murmuration/comm';
import { accept, type DeviceId, equalBytes, refuse } from '@murmuration/core';
import type { DeviceCertificate } from '@murmuration/identity';
import type { Ledger, LedgerEvent } from '@murmuration/ledger';

/** Of `Chain`. */
export interface RotatedKeys {
  readonly ledger: Pick<Ledger, 'device'>;
  onBlock(listener: (applied: { readonly events: readonly LedgerEvent[] }) => void): void;
  onJump(listener: () => void): void;
}

/** What the ledger knows of the keys of devices that want to link. */
export interface LinkKeys {
  /** Everybody, until the ledger is there. */
  readonly admit: Admit;
  /** From here on, keys that this ledger has replaced are refused, and links under them end with the block. */
  follow(chain: RotatedKeys, host: LinkTable): void;
}

interface LinkTable {
  links(): readonly Pick<LinkView, 'peer' | 'keyEpoch'>[];
  disconnect: CommHost['disconnect'];
}

const REPLACED = 'replaced-key';

export function createLinkKeys(): LinkKeys {
  let ledger: (() => Pick<Ledger, 'device'>) | undefined;
  const isReplaced = (device: DeviceId, { epoch, key }: Pick<DeviceCertificate, 'epoch' | 'key'>) => {
    const known = ledger?.().device(device);
    if (known === undefined || known.epoch < epoch) return false;
    return known.epoch > epoch || !equalBytes(known.key, key);
  };
  return {
    admit: (certificate, device) => (isReplaced(device, certificate) ? refuse(REPLACED) : accept(undefined)),
    follow(chain, host) {
      ledger = () => chain.ledger;
      const end = () => {
        for (const { peer, keyEpoch } of host.links()) {
          if ((chain.ledger.device(peer)?.epoch ?? 0) > keyEpoch) host.disconnect(peer, REPLACED);
        }
      };
      chain.onBlock(({ events }) => {
        if (events.some(({ kind }) => kind === 'key-rotated')) end();
      });
      chain.onJump(end);
    },
  };
}
