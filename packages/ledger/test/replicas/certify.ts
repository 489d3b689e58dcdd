import type { Header, ReplicaSet } from '@murmuration/consensus';
import type { DeviceIdentity } from '@murmuration/identity';
import { encodeCertificate } from '../../../consensus/src/quorum/certificate.ts';
import { signStatement } from '../../../consensus/src/quorum/statement.ts';
import type { World } from '../fixtures.ts';

/** The header that the replicas of `set` sign of this ledger's state: what a checkpoint of consensus is. */
export function certifyState(
  { ledger }: Pick<World, 'ledger'>,
  set: ReplicaSet,
  members: readonly DeviceIdentity[],
): Header {
  const { height } = ledger;
  const stateDigest = ledger.root();
  const statement = { phase: 'checkpoint', epoch: set.epoch, view: 0, height, digest: stateDigest } as const;
  const signatures = set.replicas.flatMap(({ device }, replica) => {
    const member = members.find((one) => one.device === device);
    return member === undefined ? [] : [{ replica, signature: signStatement(member.signer, set.chainId, statement) }];
  });
  const certificate = encodeCertificate({ epoch: set.epoch, view: 0, signatures });
  return { chainId: set.chainId, epoch: set.epoch, height, stateDigest, certificate };
}
