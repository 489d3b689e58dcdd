import { accept, type DeviceId, refuse } from '@murmuration/core';
import { createIdentity, rotateOperationalKey } from '@murmuration/identity';
import { createLedger, type LedgerEvent, signCommand } from '@murmuration/ledger';
import { expect, test } from 'vitest';
import { systemEntropy } from '../src/index.ts';
import { createLinkKeys } from '../src/link-keys.ts';

const nowMs = Date.now();
const validity = { nowMs, validForMs: 1e9 };

test('a link under a key that the ledger has replaced ends with the block, and none comes back', () => {
  const { root, identity } = createIdentity(systemEntropy, validity);
  const { device, certificate, certificateBytes } = identity;
  const genesis = {
    name: 'one',
    createdMs: nowMs,
    seed: new Uint8Array(32),
    replicas: [certificateBytes],
    names: ['a'],
  };
  const ledger = createLedger(genesis);
  const rotated = rotateOperationalKey(systemEntropy, root, identity, validity);
  const fork = rotateOperationalKey(systemEntropy, root, identity, validity);
  const other = createIdentity(systemEntropy, validity).identity;

  const keys = createLinkKeys();
  const admits = (one: typeof identity) => keys.admit(one.certificate, one.device);
  expect(admits(identity)).toEqual(accept(undefined));
  const ended: [DeviceId, string][] = [];
  const listeners: ((applied: { events: readonly LedgerEvent[] }) => void)[] = [];
  keys.follow(
    { ledger, onBlock: (listener) => listeners.push(listener), onJump: () => undefined },
    {
      links: () => [
        { peer: device, keyEpoch: certificate.epoch },
        { peer: other.device, keyEpoch: 0 },
      ],
      disconnect: (peer, reason) => ended.push([peer, reason]),
    },
  );
  const apply = (height: number, signer: typeof identity, next: typeof identity) => {
    const command = { kind: 'rotate-key', certificate: next.certificateBytes } as const;
    const request = signCommand(signer, ledger.chainId, ledger.nextSequence(device), command);
    const { events, receipts } = ledger.apply({ height, timeMs: nowMs + height, requests: [request] });
    for (const listener of listeners) listener({ events });
    return receipts[0]?.reason;
  };
  expect([admits(identity), admits(rotated), admits(other)]).toEqual(Array(3).fill(accept(undefined)));
  expect(ended).toEqual([]);
  expect(apply(1, identity, rotated)).toBe(null);
  expect(ended).toEqual([[device, 'replaced-key']]);
  expect([admits(rotated), admits(other)]).toEqual(Array(2).fill(accept(undefined)));
  expect([admits(identity), admits(fork)]).toEqual(Array(2).fill(refuse('replaced-key')));
  // From that block on no command of the key before counts, not even to rotate.
  expect(apply(2, identity, fork)).toBe('bad-signature');
});
