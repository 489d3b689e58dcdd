import { messagePortConformance } from '@murmuration/conformance';
import { vi } from 'vitest';
import { memoryMesh } from '../src/index.ts';
import { clock, closeAll, openSwarm } from './world.ts';

const MIB = 1024 * 1024;

messagePortConformance('in memory', async (n) => {
  const mesh = memoryMesh(n, { clock });
  return { ...mesh, maxMessageBytes: 8 * MIB };
});

messagePortConformance('libp2p over TCP and TLS', async (n) => {
  const hosts = await openSwarm(n);
  await vi.waitFor(
    () => {
      for (const { host } of hosts) if (host.port.peers().length < n - 1) throw new Error('not yet linked');
    },
    { timeout: 5_000, interval: 5 },
  );
  return {
    ports: hosts.map(({ host }) => host.port),
    close: () => closeAll(hosts),
    cut: (a, b) => {
      const [from, to] = [hosts[a], hosts[b]];
      if (from !== undefined && to !== undefined) from.host.disconnect(to.identity.device, 'test');
    },
    maxMessageBytes: 8 * MIB,
  };
});
