import { noMetrics, silentLog } from '@murmuration/core';
import { expect, test, vi } from 'vitest';
import { createHost } from '../../src/index.ts';
import { freePort, openRelay } from '../relay.ts';
import { clock, newIdentity, openHost } from '../world.ts';

/** Code points of RFC 8446 §4.2 and the IANA registry of TLS groups. */
const SERVER_HELLO = 2;
const SUPPORTED_VERSIONS = 43;
const KEY_SHARE = 51;
const TLS_1_3 = 0x0304;
const X25519_MLKEM768 = 0x11ec;

/** Version and key exchange group that a server chose, from the plain bytes of its first TLS record. */
function serverHello(answer: Buffer): { version: number | undefined; group: number | undefined } {
  // After the multistream-select lines comes a handshake record: type 22, version 3.3, length, ServerHello.
  const record = answer.indexOf(Buffer.of(22, 3, 3));
  const hello = answer.subarray(record + 5);
  expect(hello[0]).toBe(SERVER_HELLO);
  const sessionIdAt = 4 + 2 + 32;
  let at = sessionIdAt + 1 + hello.readUInt8(sessionIdAt) + 2 + 1;
  const end = at + 2 + hello.readUInt16BE(at);
  const extensions = new Map<number, Buffer>();
  for (at += 2; at < end; ) {
    const length = hello.readUInt16BE(at + 2);
    extensions.set(hello.readUInt16BE(at), hello.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return {
    version: extensions.get(SUPPORTED_VERSIONS)?.readUInt16BE(0),
    group: extensions.get(KEY_SHARE)?.readUInt16BE(0),
  };
}

test('a connection is TLS 1.3 with the hybrid group X25519MLKEM768, as an eavesdropper sees it', async () => {
  await using relay = await openRelay();
  relay.target = await freePort();
  await using target = await openHost({ listen: [`/ip4/127.0.0.1/tcp/${relay.target}`] });
  await using friend = await openHost();
  const dialled = await friend.host.dial(`/ip4/127.0.0.1/tcp/${relay.port}`);
  expect(dialled).toEqual({ ok: true, value: target.identity.device });
  const answer = Buffer.concat(relay.answers[0] ?? []);
  expect(answer.subarray(0, 64).toString('latin1')).toContain('/tls/1.0.0');
  expect(serverHello(answer)).toEqual({ version: TLS_1_3, group: X25519_MLKEM768 });
});

test('nothing of a message is readable on the way', async () => {
  await using relay = await openRelay();
  relay.target = await freePort();
  await using target = await openHost({ listen: [`/ip4/127.0.0.1/tcp/${relay.target}`] });
  await using friend = await openHost();
  await friend.host.dial(`/ip4/127.0.0.1/tcp/${relay.port}`);
  let heard = '';
  friend.host.port.onMessage('secret', (_, bytes) => {
    heard = Buffer.from(bytes).toString();
  });
  await vi.waitFor(() => expect(target.host.port.peers()).toHaveLength(1));
  target.host.port.broadcast('secret', Buffer.from('attack at dawn'));
  await vi.waitFor(() => expect(heard).toBe('attack at dawn'));
  const seen = Buffer.concat(relay.answers.flat()).toString('latin1');
  expect(seen).not.toContain('attack');
  expect(seen).not.toContain('secret');
  expect(seen).not.toContain(target.identity.device);
});

test.each([
  [{ listen: ['/ip4/127.0.0.1/tcp/99999'] }, 'COMM_ADDRESS_INVALID'],
  [{ listen: ['localhost:80'] }, 'COMM_ADDRESS_INVALID'],
  [{ listen: ['/ip4/203.0.113.9/tcp/0'] }, 'COMM_LISTEN_FAILED'],
  [{ maxFrameBytes: 3 }, 'OPTION_OUT_OF_RANGE'],
  [{ maxFrameBytes: 8 * 2 ** 20, maxQueueBytes: 2 ** 20 }, 'OPTION_OUT_OF_RANGE'],
])('options %o are refused with %s', async (options, code) => {
  const deps = { identity: newIdentity(), clock, log: silentLog, metrics: noMetrics };
  await expect(createHost(deps, options)).rejects.toMatchObject({ code });
});

test('a port in use is a coded error that names the address', async () => {
  await using target = await openHost();
  const taken = target.host.addresses()[0]?.split('/p2p/')[0] as string;
  const deps = { identity: newIdentity(), clock, log: silentLog, metrics: noMetrics };
  const failed = createHost(deps, { listen: [taken] });
  await expect(failed).rejects.toMatchObject({ code: 'COMM_PORT_IN_USE', message: expect.stringContaining(taken) });
});

test('an unknown option is named with its nearest match', async () => {
  const deps = { identity: newIdentity(), clock, log: silentLog, metrics: noMetrics };
  const misspelt: Record<string, number> = { maxFramBytes: 1 };
  const failed = createHost(deps, misspelt);
  await expect(failed).rejects.toMatchObject({ code: 'OPTION_UNKNOWN', facts: { nearest: 'maxFrameBytes' } });
});

test('addresses that cannot be dialled answer why', async () => {
  await using one = await openHost();
  const own = one.host.addresses()[0] as string;
  expect(await one.host.dial('nonsense')).toMatchObject({ ok: false, reason: 'invalid-address' });
  expect(await one.host.dial(own)).toMatchObject({ ok: false, reason: 'self' });
  expect(await one.host.dial(own.split('/p2p/')[0] as string)).toMatchObject({ ok: false, reason: 'self' });
  const nobody = `/ip4/127.0.0.1/tcp/${await freePort()}`;
  expect(await one.host.dial(nobody)).toMatchObject({ ok: false, reason: 'unreachable' });
});
