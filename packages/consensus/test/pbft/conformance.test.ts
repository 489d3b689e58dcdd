import { maxFaulty, verifyCommit } from '../../src/index.ts';
import { createPbft } from '../../src/pbft/engine.ts';
import { decodeMessage } from '../../src/pbft/messages.ts';
import { createKeys } from '../cluster/keys.ts';
import { PBFT } from '../cluster/protocol.ts';
import { engineConformance } from '../conformance/suite.ts';

engineConformance('PBFT', {
  finality: 'deterministic',
  tolerates: maxFaulty,
  kindOf: (bytes) => {
    const decoded = decodeMessage(bytes);
    return decoded.ok ? decoded.value.kind : undefined;
  },
  saying: (bytes) => PBFT.saying(PBFT.kindOf(bytes), bytes),
  decision: {
    kinds: ['pre-prepare', 'prepare', 'commit'],
    messages: (n) => n - 1 + (n - 1) ** 2 + n * (n - 1),
  },
  group: (n) => {
    const { set, signers } = createKeys(n);
    return {
      engine: (self) => createPbft({ replicaSet: set, self, signer: signers[self] as (typeof signers)[number] }),
      verify: (commit) => verifyCommit(set, commit),
    };
  },
});
