import { toHex } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { qbftChain } from '../../src/qbft/certificates.ts';
import { createQbftWithQuorum } from '../../src/qbft/engine.ts';
import { claimDigest, decodeQbftMessage } from '../../src/qbft/messages.ts';
import type { ClusterProtocol } from '../cluster/protocol.ts';
import { qbftLiars } from './liars.ts';

/** QBFT as clusters run it; of the options of PBFT they give, those of its log do not apply. */
export const QBFT: ClusterProtocol = {
  engine: (deps, { progressTimeoutMs: roundTimeoutMs }, q) =>
    createQbftWithQuorum(deps, roundTimeoutMs === undefined ? {} : { roundTimeoutMs }, q),
  chain: qbftChain,
  kindOf: (bytes) => KINDS[bytes[1] ?? 0] ?? 'rubbish',
  liars: qbftLiars,
  saying: (kind, bytes) => {
    if (kind !== 'proposal' && kind !== 'prepare' && kind !== 'commit' && kind !== 'round-change') return undefined;
    const decoded = decodeQbftMessage(bytes);
    if (!decoded.ok || decoded.value.kind !== kind) return null;
    const message = decoded.value;
    const place = `round ${message.round}, height ${message.height}`;
    if (message.kind === 'round-change') return { place: `${place}, claim`, says: toHex(claimDigest(message)) };
    return { place, says: toHex(message.kind === 'proposal' ? sha3_256(message.payload) : message.digest) };
  },
};

const KINDS: readonly (string | undefined)[] = [
  undefined,
  'proposal',
  'prepare',
  'commit',
  'round-change',
  'decided',
  'fetch',
  'requests',
  'witness',
  'recall',
  'recalled',
];
