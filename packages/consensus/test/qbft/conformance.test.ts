import { createQbft, verifyQbftCommit } from '../../src/index.ts';
import { decodeQbftMessage } from '../../src/qbft/messages.ts';
import { createKeys, type Keys } from '../cluster/keys.ts';
import { engineConformance } from '../conformance/suite.ts';
import { QBFT } from './protocol.ts';

engineConformance('QBFT', {
  finality: 'deterministic',
  tolerates: (n) => Math.floor((n - 1) / 3),
  kindOf: (bytes) => {
    const decoded = decodeQbftMessage(bytes);
    return decoded.ok ? decoded.value.kind : undefined;
  },
  saying: (bytes) => QBFT.saying(QBFT.kindOf(bytes), bytes),
  // The proposer prepares like everybody else: a proposal, n prepares and n commits, each to n - 1 replicas.
  decision: { kinds: ['proposal', 'prepare', 'commit'], messages: (n) => (n - 1) * (1 + 2 * n) },
  group: (n) => {
    const { set, signers } = createKeys(n);
    return {
      engine: (self) => createQbft({ replicaSet: set, self, signer: signers[self] as Keys['signers'][number] }),
      verify: (commit) => verifyQbftCommit(set, commit),
    };
  },
});
