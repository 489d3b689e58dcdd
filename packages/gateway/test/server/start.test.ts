import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { isMurmurError } from '@murmuration/core';
import { expect, test } from 'vitest';
import { type GatewayOptions, startGateway } from '../../src/index.ts';
import { fixtureDeps } from '../fixtures/deps.ts';
import { FixtureSource } from '../fixtures/source.ts';

const deps = () => fixtureDeps(new FixtureSource({ steps: 1 }));

async function codeOf(options: GatewayOptions): Promise<string> {
  try {
    const gateway = await startGateway(deps(), options);
    await gateway[Symbol.asyncDispose]();
    return 'started';
  } catch (error) {
    if (!isMurmurError(error)) throw error;
    expect(error.remedy?.length).toBeGreaterThan(10);
    return error.code;
  }
}

test('a port in use is named, with what to do', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;
  await expect(startGateway(deps(), { port })).rejects.toMatchObject({
    code: 'PORT_IN_USE',
    message: `another process listens on 127.0.0.1:${port}`,
    facts: { host: '127.0.0.1', port },
  });
  await new Promise((resolve) => other.close(resolve));
  expect(await codeOf({ port })).toBe('started');
});

test.each<[string, GatewayOptions, string]>([
  ['an address of another machine', { host: '203.0.113.7', port: 0, token: 'x'.repeat(16) }, 'ADDRESS_UNAVAILABLE'],
  ['all interfaces without a token', { host: '0.0.0.0', port: 0 }, 'BIND_NOT_LOOPBACK'],
  ['a LAN address without a token', { host: '192.168.1.5', port: 0 }, 'BIND_NOT_LOOPBACK'],
  ['a name that only looks like loopback', { host: '127.0.0.1.evil.example', port: 0 }, 'BIND_NOT_LOOPBACK'],
  ['a token that is too short', { token: 'short' }, 'TOKEN_UNFIT'],
  ['a token with a space', { token: 'has a space in the middle' }, 'TOKEN_UNFIT'],
  ['an unknown option', { prot: 8000 } as GatewayOptions, 'OPTION_UNKNOWN'],
  ['a port out of range', { port: 70_000 }, 'OPTION_OUT_OF_RANGE'],
])('%s is refused before anything is opened', async (_what, options, code) => {
  expect(await codeOf(options)).toBe(code);
});

test.each<[string, GatewayOptions]>([
  ['loopback without a token', { port: 0 }],
  ['::1', { host: '::1', port: 0 }],
  ['all interfaces, where it says publicReads', { host: '0.0.0.0', port: 0, publicReads: true }],
])('%s starts', async (_what, options) => {
  expect(await codeOf(options)).toBe('started');
});

test('a gateway that is disposed of lets go of its port and of its source', async () => {
  const source = new FixtureSource();
  const gateway = await startGateway(fixtureDeps(source), { port: 0 });
  const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/api/v1/events`);
  await new Promise((resolve) => socket.addEventListener('message', resolve, { once: true }));
  expect(source.listenerCount).toBe(1);
  const closed = new Promise<CloseEvent>((resolve) => socket.addEventListener('close', resolve));
  await gateway[Symbol.asyncDispose]();
  expect((await closed).code).toBe(1001);
  expect(source.listenerCount).toBe(0);
  expect(await codeOf({ port: gateway.port })).toBe('started');
});
