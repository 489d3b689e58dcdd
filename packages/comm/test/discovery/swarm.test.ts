import { expect, test, vi } from 'vitest';
import { freePort } from '../relay.ts';
import { closeAll, newIdentity, openHost, openSwarm, type TestHost } from '../world.ts';

const QUICK = { timeout: 5_000, interval: 10 };

const isMesh = (hosts: readonly TestHost[]) => () => {
  for (const { host } of hosts) expect(host.port.peers()).toHaveLength(hosts.length - 1);
};

test('one bootstrap address is enough for five devices to find each other', async () => {
  const hosts = await openSwarm(5);
  await vi.waitFor(isMesh(hosts), QUICK);
  for (const { host } of hosts) {
    const known = host.knownAddresses().map(({ device }) => device);
    expect(known.sort()).toEqual(hosts.map(({ identity }) => identity.device).sort());
  }
  await closeAll(hosts);
});

test('a device that comes back at another address is linked again by all', async () => {
  const hosts = await openSwarm(4);
  await vi.waitFor(isMesh(hosts), QUICK);
  const [first, , , leaver] = hosts as [TestHost, TestHost, TestHost, TestHost];
  await leaver[Symbol.asyncDispose]();
  const stayed = hosts.slice(0, 3);
  await vi.waitFor(isMesh(stayed), QUICK);
  const heir = await openHost({ bootstrap: first.host.addresses() }, { identity: leaver.identity });
  await vi.waitFor(isMesh([...stayed, heir]), QUICK);
  await closeAll([...stayed, heir]);
});

test('a bootstrap device that starts last is found', async () => {
  const port = await freePort();
  const address = `/ip4/127.0.0.1/tcp/${port}`;
  const early = await Promise.all([openHost({ bootstrap: [address] }), openHost({ bootstrap: [address] })]);
  const late = await openHost({ listen: [address], bootstrap: [address] });
  await vi.waitFor(isMesh([...early, late]), QUICK);
  await closeAll([...early, late]);
});

test('a device above the limit of links is refused with the reason', async () => {
  const crowded = await openHost({ maxLinks: 1 });
  const friend = await openHost();
  const third = await openHost({}, { identity: newIdentity() });
  const address = crowded.host.addresses()[0] as string;
  expect((await friend.host.dial(address)).ok).toBe(true);
  await vi.waitFor(isMesh([crowded, friend]), QUICK);
  await third.host.dial(address);
  await vi.waitFor(() => expect(crowded.counters.refused.get('too-many-links')).toBe(1), QUICK);
  expect(crowded.host.port.peers()).toEqual([friend.identity.device]);
  await closeAll([crowded, friend, third]);
});
