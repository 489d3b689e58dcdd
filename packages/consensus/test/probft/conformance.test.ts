import { decode, toHex } from '@murmuration/core';
import { ed25519Verify, sha3_256 } from '@murmuration/crypto';
import { createProbft, expectedMessages, sampleSizes } from '../../src/index.ts';
import { checkCommit, probftChain } from '../../src/probft/certificates.ts';
import { decodeProbftMessage, newLeaderBodySchema } from '../../src/probft/messages.ts';
import { sampleChecker } from '../../src/probft/samples.ts';
import { engineConformance } from '../conformance/suite.ts';
import { keysFor, REMEMBERING } from './cluster.ts';

/** Quorums small enough that one of four, two of seven, may be silent. */
const LOOSE = { quorumFactor: 1.5, sampleFactor: 2 };

/** What a replica may say once at a place: its proposal and votes of a view, and how it entered one. */
function sayingOf(bytes: Uint8Array): { readonly place: string; readonly says: string } | undefined {
  const decoded = decodeProbftMessage(bytes);
  if (!decoded.ok) return undefined;
  const message = decoded.value;
  if (message.kind === 'new-leader') {
    const body = decode(newLeaderBodySchema, message.body);
    if (!body.ok) return undefined;
    return { place: `view ${body.value.view}, height ${message.height}, entered`, says: toHex(message.body) };
  }
  if (message.kind !== 'propose' && message.kind !== 'prepare' && message.kind !== 'commit') return undefined;
  const digest = message.kind === 'propose' ? sha3_256(message.payload) : message.digest;
  return { place: `view ${message.view}, height ${message.height}`, says: toHex(digest) };
}

engineConformance('ProBFT', {
  alone: false,
  finality: 'probabilistic',
  tolerates: (n) => (n >= 7 ? 2 : 1),
  kindOf: (bytes) => {
    const decoded = decodeProbftMessage(bytes);
    return decoded.ok ? decoded.value.kind : undefined;
  },
  saying: (bytes) => sayingOf(bytes),
  decision: {
    kinds: ['propose', 'prepare', 'commit'],
    messages: (n) => expectedMessages(sampleSizes(n, LOOSE)),
  },
  group: (n) => {
    const { set, signers, vrf } = keysFor(n);
    const publicKeys = vrf.map(({ publicKey }) => publicKey);
    const sizes = sampleSizes(n, LOOSE);
    const chain = probftChain(set);
    const holds = sampleChecker(chain, sizes, publicKeys, 8 * n, REMEMBERING);
    return {
      engine: (self) => {
        const { secretKey } = vrf[self] as (typeof vrf)[number];
        const keys = { secretKey, publicKeys, fn: REMEMBERING };
        const signer = signers[self] as (typeof signers)[number];
        return createProbft({ replicaSet: set, self, signer, vrf: keys }, LOOSE);
      },
      verify: (commit) => checkCommit(chain, sizes, holds, commit, ed25519Verify),
    };
  },
});
