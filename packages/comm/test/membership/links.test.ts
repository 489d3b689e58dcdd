import { describe, expect, test, vi } from 'vitest';
import { FRAGMENT_BYTES } from '../../src/channel/frame.ts';
import { dialRaw, type RawPeer } from '../raw-peer.ts';
import { freePort, openRelay } from '../relay.ts';
import { clock, closeAll, newIdentity, openHost, type TestHost } from '../world.ts';

const QUICK = { timeout: 4_000, interval: 5 };
const MIB = 1024 * 1024;

const addressOf = (target: TestHost) => target.host.addresses()[0] as string;
const linkedTo = (one: TestHost, other: TestHost) =>
  vi.waitFor(() => expect(one.host.port.peers()).toContain(other.identity.device), QUICK);

/** A peer of our own making that is linked: it proved itself, and then does as the test says. */
async function rawLink(target: TestHost): Promise<{ peer: RawPeer; device: TestHost['identity']['device'] }> {
  const identity = newIdentity();
  const peer = await dialRaw(addressOf(target), identity.secretKey);
  peer.hello(identity);
  await vi.waitFor(() => expect(peer.frames.map((frame) => frame.header.kind)).toContain('welcome'), QUICK);
  peer.welcome();
  await vi.waitFor(() => expect(target.host.port.peers()).toContain(identity.device), QUICK);
  return { peer, device: identity.device };
}

describe('a link', () => {
  test('to a peer that does not read fills its own bounded queue and no other', async () => {
    const maxQueueBytes = 2 * MIB;
    await using target = await openHost({ maxQueueBytes, maxFrameBytes: MIB });
    await using friend = await openHost();
    await friend.host.dial(addressOf(target));
    await linkedTo(target, friend);
    const { peer, device } = await rawLink(target);
    peer.wire.pause();
    let heard = 0;
    friend.host.port.onMessage('news', () => {
      heard += 1;
    });
    const bytes = new Uint8Array(100_000);
    const refused = () => target.host.port.send(device, 'news', bytes);
    let sent = 0;
    await vi.waitFor(() => {
      while (refused().ok) sent += 1;
      const queued = target.host.links().find((link) => link.peer === device)?.queuedBytes ?? 0;
      expect(queued).toBeGreaterThan(maxQueueBytes - 2 * bytes.length);
      expect(queued).toBeLessThanOrEqual(maxQueueBytes);
    }, QUICK);
    expect(refused()).toMatchObject({ ok: false, reason: 'queue-full' });
    expect(sent).toBeLessThan(400);
    for (let i = 0; i < 5; i++) target.host.port.broadcast('news', bytes);
    await vi.waitFor(() => expect(heard).toBe(5), QUICK);
    peer.wire.resume();
    await vi.waitFor(() => expect(refused().ok).toBe(true), QUICK);
    await peer[Symbol.asyncDispose]();
  });

  test('that stops answering probes is closed as unresponsive', async () => {
    await using target = await openHost({ pingIntervalMs: 20, pingTimeoutMs: 150 });
    const { peer } = await rawLink(target);
    await vi.waitFor(() => expect(target.counters.refused.get('unresponsive')).toBe(1), QUICK);
    expect(target.host.port.peers()).toEqual([]);
    await peer[Symbol.asyncDispose]();
  });

  test('whose certificate runs out is closed as expired', async () => {
    await using target = await openHost({ pingIntervalMs: 30 });
    await using brief = await openHost({}, { identity: newIdentity(700) });
    expect((await brief.host.dial(addressOf(target))).ok).toBe(true);
    await linkedTo(target, brief);
    await vi.waitFor(() => expect(target.counters.refused.get('expired')).toBeGreaterThan(0), QUICK);
    expect(target.host.port.peers()).toEqual([]);
  });

  test('shows its round trip, its traffic and the other key', async () => {
    await using target = await openHost({ pingIntervalMs: 20 });
    await using friend = await openHost();
    await friend.host.dial(addressOf(target));
    await linkedTo(target, friend);
    await vi.waitFor(() => expect(target.host.links()[0]?.rttMs).toBeGreaterThan(0), QUICK);
    expect(target.host.links()).toMatchObject([{ peer: friend.identity.device, dialled: false, keyEpoch: 0 }]);
  });

  test('that a liar floods with unfinished messages is closed, and its bytes are given back', async () => {
    await using target = await openHost();
    const { peer } = await rawLink(target);
    const fragment = new Uint8Array(FRAGMENT_BYTES);
    for (let i = 0; i < 600; i++) {
      peer.send({ kind: 'message', topic: `t${i}`, more: true }, fragment);
      if (i % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await vi.waitFor(() => expect(target.counters.refused.get('too-many-fragments')).toBe(1), QUICK);
    await peer[Symbol.asyncDispose]();
  });

  test('that a liar floods with answers, questions and topics nobody knows costs counters, not the link', async () => {
    await using target = await openHost();
    const { peer, device } = await rawLink(target);
    for (let i = 0; i < 200; i++) {
      peer.send({ kind: 'response', id: i, refusal: 'x', more: false });
      peer.send({ kind: 'message', topic: 'nobody', more: false });
      peer.send({ kind: 'request', topic: 'nobody', id: i, more: false });
      peer.send({ kind: 'message', topic: 'comm/addresses', more: false }, new Uint8Array(300).fill(0x91));
    }
    await vi.waitFor(() => {
      expect(target.counters.refused.get('malformed-addresses')).toBe(200);
      expect(target.counters.refused.get('no-handler')).toBe(400);
      expect(target.counters.refused.get('late-response')).toBeGreaterThanOrEqual(199);
    }, QUICK);
    expect(target.host.port.peers()).toEqual([device]);
    await peer[Symbol.asyncDispose]();
  });
});

describe('two connections between the same hosts', () => {
  test('both sides keep the one that the smaller PeerId dialled, and nothing sent meanwhile is lost or overtaken', async () => {
    let handovers = 0;
    for (let round = 0; round < 5; round++) {
      const hosts = await Promise.all([openHost(), openHost()]);
      const [a, b] = hosts;
      const got: number[][] = [[], []];
      let stop = false;
      const sent = hosts.map(({ host }, place) => {
        host.port.onMessage('count', (_, bytes) => got[place]?.push(new DataView(bytes.buffer).getUint32(0)));
        return sendNumbers(host, () => stop);
      });
      await Promise.all([a.host.dial(addressOf(b)), b.host.dial(addressOf(a))]);
      await vi.waitFor(() => expect(hosts.map(({ host }) => host.links().length)).toEqual([1, 1]), QUICK);
      await new Promise((resolve) => setTimeout(resolve, 60));
      stop = true;
      const counts = await Promise.all(sent);
      await vi.waitFor(() => expect(got.map((numbers) => numbers.length)).toEqual(counts.toReversed()), QUICK);
      for (const numbers of got) expect(numbers).toEqual(numbers.map((_, i) => i));
      const [linkA, linkB] = [a.host.links()[0], b.host.links()[0]];
      expect(linkA?.dialled).toBe(!linkB?.dialled);
      for (const { counters } of hosts) handovers += counters.closed.get('replaced') ?? 0;
      await closeAll(hosts);
    }
    expect(handovers).toBeGreaterThan(2);
  });

  test('a restarted device replaces the link of its former process at once', async () => {
    await using target = await openHost();
    const identity = newIdentity();
    const former = await openHost({}, { identity });
    await former.host.dial(addressOf(target));
    await linkedTo(target, former);
    // The former process is gone for good but its connection looks alive: a clock that is one second on stands for its heir.
    const later = { ...clock, nowMs: () => clock.nowMs() + 1_000 };
    await using heir = await openHost({}, { identity, clock: later });
    expect(await heir.host.dial(addressOf(target))).toMatchObject({ ok: true });
    let answered = false;
    heir.host.port.onMessage('hello', () => {
      answered = true;
    });
    await vi.waitFor(() => {
      target.host.port.send(identity.device, 'hello', new Uint8Array(1));
      expect(answered).toBe(true);
    }, QUICK);
    await former[Symbol.asyncDispose]();
  });

  test('a second connection of the same host puts the first in doubt, and a dead first one is closed', async () => {
    await using target = await openHost({ pingIntervalMs: 60_000, pingTimeoutMs: 200 });
    const identity = newIdentity();
    const link = async () => {
      const peer = await dialRaw(addressOf(target), identity.secretKey);
      peer.hello(identity);
      await vi.waitFor(() => expect(peer.frames.map((frame) => frame.header.kind)).toContain('welcome'), QUICK);
      peer.welcome();
      return peer;
    };
    const first = await link();
    await vi.waitFor(() => {
      const ping = first.frames.map(({ header }) => header).find((header) => header.kind === 'request');
      expect(ping).toBeDefined();
      if (ping?.kind === 'request') first.send({ kind: 'response', id: ping.id, refusal: '', more: false });
    }, QUICK);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(target.host.port.peers()).toEqual([identity.device]);
    const second = await link();
    await vi.waitFor(() => expect(target.counters.refused.get('unresponsive')).toBe(1), QUICK);
    for (const peer of [first, second]) await peer[Symbol.asyncDispose]();
  });

  test('a cut connection comes back by itself', async () => {
    await using relay = await openRelay();
    relay.target = await freePort();
    await using target = await openHost({
      listen: [`/ip4/127.0.0.1/tcp/${relay.target}`],
      announce: [`/ip4/127.0.0.1/tcp/${relay.port}`],
    });
    await using friend = await openHost({
      bootstrap: [`/ip4/127.0.0.1/tcp/${relay.port}`],
      announce: ['/ip4/127.0.0.1/tcp/9'],
    });
    await linkedTo(target, friend);
    await linkedTo(friend, target);
    const seen: boolean[] = [];
    friend.host.port.onPeer(({ connected }) => seen.push(connected));
    for (let cuts = 1; cuts <= 3; cuts++) {
      await vi.waitFor(() => expect(relay.cut()).toBeGreaterThan(0), QUICK);
      await vi.waitFor(() => expect(seen.length).toBe(2 * cuts), QUICK);
      expect(seen.at(-1)).toBe(true);
    }
  });
});

/** Sends 0, 1, 2, … to every peer from the first moment there is one. @returns how many were taken */
async function sendNumbers(host: TestHost['host'], stopped: () => boolean): Promise<number> {
  let next = 0;
  const send = () => {
    const [peer] = host.port.peers();
    if (peer === undefined || stopped()) return;
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, next);
    if (host.port.send(peer, 'count', bytes).ok) next += 1;
  };
  host.port.onPeer(({ connected }) => {
    if (connected) for (let i = 0; i < 20; i++) send();
  });
  while (!stopped()) {
    send();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return next;
}
