import { connect } from 'node:net';
import { refuse } from '@murmuration/core';
import type { DeviceIdentity } from '@murmuration/identity';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { HostDeps } from '../../src/index.ts';
import { encodeHello, readHello } from '../../src/membership/hello.ts';
import { dialRaw, type RawPeer } from '../raw-peer.ts';
import { clock, HOUR_MS, newIdentity, openHost, type TestHost } from '../world.ts';

const QUICK = { timeout: 3_000, interval: 5 };

describe('before its certificate is proven', () => {
  const honest = newIdentity();
  const other = newIdentity();
  const expired = newIdentity(1_000, Date.now() - HOUR_MS);
  const early = newIdentity(HOUR_MS, Date.now() + HOUR_MS);
  const banned = newIdentity();
  let target: TestHost;

  const admit: NonNullable<HostDeps['admit']> = (_, device) =>
    device === banned.device ? refuse('quarantined') : { ok: true, value: undefined };

  beforeAll(async () => {
    target = await openHost({ helloTimeoutMs: 400 }, { admit });
  });
  afterAll(async () => {
    await target[Symbol.asyncDispose]();
  });

  const greet = (peer: RawPeer, times: number) => {
    for (let i = 0; i < times; i++) peer.hello(honest);
  };
  const address = () => target.host.addresses()[0] as string;

  async function refusal(identity: DeviceIdentity, act: (peer: RawPeer) => void, reason: string): Promise<RawPeer> {
    const before = target.counters.refused.get(reason) ?? 0;
    const heard = vi.fn();
    target.host.port.onPeer(heard);
    await using peer = await dialRaw(address(), identity.secretKey);
    act(peer);
    await vi.waitFor(() => expect(target.counters.refused.get(reason)).toBe(before + 1), QUICK);
    await peer.closed;
    expect(target.log.events.some((event) => event.event === 'comm.refused' && event.reason === reason)).toBe(true);
    expect(heard).not.toHaveBeenCalled();
    expect(target.host.port.peers()).toEqual([]);
    return peer;
  }

  test.each<[string, DeviceIdentity, (peer: RawPeer) => void, string]>([
    ['with the certificate of another key', honest, (peer) => peer.hello(other), 'wrong-identity'],
    ['with an expired certificate', expired, (peer) => peer.hello(expired), 'expired'],
    ['with a certificate that is not valid yet', early, (peer) => peer.hello(early), 'not-yet-valid'],
    ['that is not admitted', banned, (peer) => peer.hello(banned), 'quarantined'],
    ['that speaks of something else first', honest, (peer) => peer.send(message('vote')), 'unexpected-frame'],
    ['that welcomes before it greets', honest, (peer) => peer.welcome(), 'unexpected-frame'],
    ['that greets twice', honest, (peer) => greet(peer, 2), 'unexpected-frame'],
    ['that sends an oversized frame', honest, (peer) => peer.wire.write(Buffer.alloc(4, 0xff)), 'oversized-frame'],
    ['whose header nests 250 arrays', honest, (peer) => peer.wire.write(nested(250)), 'malformed-header'],
    ['whose hello nests 300 arrays', honest, (peer) => peer.send({ kind: 'hello' }, arrays(300)), 'malformed-hello'],
    ['whose hello is empty', honest, (peer) => peer.send({ kind: 'hello' }), 'malformed-hello'],
    ['that says nothing', honest, () => {}, 'hello-timeout'],
  ])('a peer %s is closed, counted and logged, and no frame of it is heard', async (_, identity, act, reason) => {
    await refusal(identity, act, reason);
  });

  test('a refused peer is told why', async () => {
    const peer = await refusal(banned, (raw) => raw.hello(banned), 'quarantined');
    expect(peer.frames.map((frame) => frame.header)).toContainEqual({ kind: 'goodbye', reason: 'quarantined' });
  });

  test('a hello with any flipped byte in its certificate is refused', () => {
    const hello = encodeHello(honest, 1, 1);
    const deps = { clock, self: other.device, admit };
    expect(readHello(hello, honest.certificate.key, deps).ok).toBe(true);
    const reasons = new Set<string>();
    for (let at = 4; at < hello.length - 3; at += 61) {
      const tampered = hello.slice();
      tampered[at] = (tampered[at] as number) ^ 1;
      const read = readHello(tampered, honest.certificate.key, deps);
      expect(read.ok, `byte ${at}`).toBe(false);
      if (!read.ok) reasons.add(read.reason);
    }
    expect(reasons).toContain('bad-root-signature');
  });

  test('a peer that sends garbage instead of a handshake is dropped, and one that offers only noise is refused', async () => {
    const answerTo = async (bytes: Buffer): Promise<string> => {
      const port = Number(/tcp\/(\d+)/.exec(address())?.[1]);
      const socket = connect(port, '127.0.0.1');
      let answer = '';
      socket.on('data', (data) => {
        answer += data.toString('latin1');
      });
      socket.on('error', () => {});
      socket.write(bytes);
      setTimeout(() => socket.end(), 100);
      await new Promise((resolve) => socket.once('close', resolve));
      return answer;
    };
    expect(await answerTo(Buffer.alloc(3_000, 0xff))).not.toContain('tls');
    const offer = Buffer.concat(['/multistream/1.0.0\n', '/noise\n'].map(multistream));
    expect(await answerTo(offer)).toContain('\x03na\n');
    expect(target.host.port.peers()).toEqual([]);
  });

  test('after all of that an honest device links as if nothing had happened', async () => {
    await using friend = await openHost();
    const dialled = await friend.host.dial(address());
    expect(dialled).toEqual({ ok: true, value: target.identity.device });
    await vi.waitFor(() => expect(target.host.port.peers()).toEqual([friend.identity.device]), QUICK);
  });

  test('a dialler learns why it was refused', async () => {
    await using stranger = await openHost({}, { identity: banned });
    const dialled = await stranger.host.dial(address());
    expect(dialled).toMatchObject({ ok: false, reason: 'refused-by-peer', detail: 'quarantined' });
  });

  test('an address that names another key is a wrong identity', async () => {
    await using friend = await openHost();
    await using third = await openHost();
    const peerId = third.host.addresses()[0]?.split('/p2p/')[1];
    const forged = address().replace(/\/p2p\/.*$/, `/p2p/${peerId}`);
    expect(await friend.host.dial(forged)).toMatchObject({ ok: false, reason: 'wrong-identity' });
  });
});

const message = (topic: string) => ({ kind: 'message', topic, more: false }) as const;
const arrays = (depth: number) => new Uint8Array(depth).fill(0x91);

function nested(depth: number): Uint8Array {
  return Uint8Array.of(0, 0, 0, depth + 1, depth, ...arrays(depth));
}

function multistream(line: string): Buffer {
  return Buffer.concat([Buffer.of(line.length), Buffer.from(line)]);
}
