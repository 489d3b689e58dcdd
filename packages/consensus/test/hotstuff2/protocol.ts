import type { Signer } from '@murmuration/crypto';
import { createHotstuff2WithQuorum } from '../../src/hotstuff2/engine.ts';
import { decodeHotstuff2Message } from '../../src/hotstuff2/messages.ts';
import { type Hotstuff2Options, quorum, verifyHotstuff2Commit } from '../../src/index.ts';
import type { ProtocolUnderTest } from '../conformance/protocol.ts';
import { createHotstuff2Keys } from './keys.ts';

/** HotStuff-2 as the conformance suite and its mesh run it. */
export function hotstuff2Protocol(
  kind: 'real' | 'hash',
  options: Hotstuff2Options = {},
  q: (n: number) => number = quorum,
): ProtocolUnderTest {
  return {
    finality: 'deterministic',
    tolerates: (n) => Math.floor((n - 1) / 3),
    kindOf: (bytes) => {
      const decoded = decodeHotstuff2Message(bytes);
      return decoded.ok ? decoded.value.kind : undefined;
    },
    decision: { kinds: ['propose', 'vote', 'prepare', 'vote2', 'decide'], messages: (n) => 5 * (n - 1) },
    group: (n) => {
      const { set, signers, verify, bls, secretKeys } = createHotstuff2Keys(n, kind);
      return {
        engine: (self) => {
          const secretKey = secretKeys[self] as Uint8Array;
          const deps = { replicaSet: set, self, signer: signers[self] as Signer, verify, bls: { ...bls, secretKey } };
          return createHotstuff2WithQuorum(deps, options, q(n));
        },
        ...(q === quorum ? { verify: (commit) => verifyHotstuff2Commit(set, bls, commit) } : {}),
      };
    },
  };
}
