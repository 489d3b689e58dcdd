import { ed25519Verify } from '@murmuration/crypto';
import { createProbft, expectedMessages, sampleSizes } from '../../src/index.ts';
import { checkCommit, probftChain } from '../../src/probft/certificates.ts';
import { decodeProbftMessage } from '../../src/probft/messages.ts';
import { sampleChecker } from '../../src/probft/samples.ts';
import { engineConformance } from '../conformance/suite.ts';
import { keysFor, REMEMBERING } from './cluster.ts';

/** Quorums small enough that one of four, two of seven, may be silent. */
const LOOSE = { quorumFactor: 1.5, sampleFactor: 2 };

engineConformance('ProBFT', {
  alone: false,
  finality: 'probabilistic',
  tolerates: (n) => (n >= 7 ? 2 : 1),
  kindOf: (bytes) => {
    const decoded = decodeProbftMessage(bytes);
    return decoded.ok ? decoded.value.kind : undefined;
  },
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
