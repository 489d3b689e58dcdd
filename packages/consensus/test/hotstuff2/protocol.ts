import { toHex } from '@murmuration/core';
import { type Signer, sha3_256 } from '@murmuration/crypto';
import { checkAggregate, decodeAggregate, hotstuff2Chain } from '../../src/hotstuff2/certificates.ts';
import { createHotstuff2WithQuorum } from '../../src/hotstuff2/engine.ts';
import { decodeHotstuff2Message } from '../../src/hotstuff2/messages.ts';
import { BLS } from '../../src/hotstuff2/multisignature.ts';
import { type Hotstuff2Options, quorum, verifyHotstuff2Commit } from '../../src/index.ts';
import type { Verify } from '../../src/quorum/statement.ts';
import type { ClusterProtocol } from '../cluster/protocol.ts';
import type { ProtocolUnderTest } from '../conformance/protocol.ts';
import { createHotstuff2Keys } from './keys.ts';
import { hotstuff2Liars } from './liars.ts';

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
    saying: (bytes) => HOTSTUFF2.saying(HOTSTUFF2.kindOf(bytes), bytes),
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

function kindOfSignatures(verify: Verify | undefined): 'real' | 'hash' {
  return verify === undefined || verify.name === 'ed25519Verify' ? 'real' : 'hash';
}

const KINDS: readonly (string | undefined)[] = [
  ...[undefined, 'propose', 'vote', 'prepare', 'vote2', 'decide', 'timeout', 'new-view', 'status', 'fetch'],
  ...['fetch-payload', 'payload', 'block', 'requests', 'enter', 'exposed', 'recall', 'recalled'],
];

/** HotStuff-2 as clusters run it; of the options of PBFT they give, those of its log do not apply. */
export const HOTSTUFF2: ClusterProtocol = {
  engine: (deps, { progressTimeoutMs: viewTimeoutMs }, q) => {
    const n = deps.replicaSet.replicas.length;
    const { bls, secretKeys } = createHotstuff2Keys(n, kindOfSignatures(deps.verify));
    const secretKey = secretKeys[deps.self] as Uint8Array;
    const options = viewTimeoutMs === undefined ? {} : { viewTimeoutMs };
    return createHotstuff2WithQuorum({ ...deps, bls: { ...bls, secretKey } }, options, q);
  },
  chain: hotstuff2Chain,
  kindOf: (bytes) => KINDS[bytes[1] ?? 0] ?? 'rubbish',
  liars: hotstuff2Liars,
  saying: (kind, bytes) => {
    if (kind !== 'propose' && kind !== 'vote' && kind !== 'vote2') return undefined;
    const decoded = decodeHotstuff2Message(bytes);
    if (!decoded.ok || decoded.value.kind !== kind) return null;
    const message = decoded.value;
    const place = `view ${message.view}, height ${message.height}`;
    return { place, says: toHex(message.kind === 'propose' ? sha3_256(message.payload) : message.digest) };
  },
  certified: (set, q, verify, { height, payload, certificate }) => {
    const { bls } = createHotstuff2Keys(set.replicas.length, kindOfSignatures(verify));
    const { publicKeys, multisignature = BLS } = bls;
    const claim = { phase: 'commit', height, digest: sha3_256(payload) } as const;
    const decoded = decodeAggregate(certificate);
    return decoded.ok && checkAggregate(set, { publicKeys, multisignature }, q, claim, decoded.value).ok;
  },
};
