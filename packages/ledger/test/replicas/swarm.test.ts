import { decodeCertificate, liars } from '@murmuration/consensus';
import type { DeviceIdentity } from '@murmuration/identity';
import { expect, test } from 'vitest';
import { genesisFor, lastingIdentities, Swarm } from './swarm.ts';

const N = 5;
const LIAR = 3;
const NEWCOMER = 5;

test('a swarm takes the vote from an equivocator, lets a new device in, and then needs its vote', async () => {
  const identities = lastingIdentities(N + 1);
  const identity = identities[NEWCOMER] as DeviceIdentity;
  const equivocate = liars.equivocate as (typeof liars)[string];
  const swarm = new Swarm(1, genesisFor(identities.slice(0, N)), identities, new Map([[LIAR, equivocate]]));
  const honest = [0, 1, 2, 4];

  const out = () => honest.every((at) => !swarm.voters(at).includes(LIAR));
  expect(await swarm.until(out)).toBe(true);
  expect(swarm.ledger(0).isQuarantined((identities[LIAR] as DeviceIdentity).device)).toBe(true);
  expect(swarm.voters(0)).toEqual(honest);

  const certificate = identity.certificateBytes;
  swarm.send(NEWCOMER, { kind: 'register-device', certificate, name: 'newcomer' }, 0);
  expect(await swarm.until(() => swarm.ledger(0).device(identity.device) !== undefined)).toBe(true);
  for (const at of honest) swarm.send(at, { kind: 'change-replica', device: identity.device, change: 'join' });
  const votes = () => swarm.devices[NEWCOMER]?.epochs.status.self === 4;
  expect(await swarm.until(votes)).toBe(true);
  expect(swarm.voters(0)).toEqual([...honest, NEWCOMER]);

  // Five replicas, of which four are a quorum: without the first, nothing commits unless the new one votes.
  swarm.world.node('device0').crash();
  const before = Math.max(...swarm.commits.keys());
  expect(await swarm.until(() => swarm.commits.has(before + 3))).toBe(true);
  const read = decodeCertificate(swarm.commits.get(before + 3)?.certificate as Uint8Array);
  expect(read.ok && read.value.signatures.map(({ replica }) => replica)).toEqual([1, 2, 3, 4]);
}, 120_000);
