import { request } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BEARER_PROTOCOL, EVENTS_PROTOCOL } from '../../src/index.ts';
import { createWorld, TOKEN, type World } from '../fixtures/world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld({ allowedHosts: ['swarm.lan'], allowedOrigins: ['http://localhost:5173'] });
});
afterAll(() => world[Symbol.asyncDispose]());

/** What the gateway of `port` answers to headers that `fetch` would not let us set. */
function ask(port: number, path: string, headers: Record<string, string>): Promise<{ status: number; code: unknown }> {
  return new Promise((resolve, reject) => {
    const asked = request({ port, host: '127.0.0.1', path, headers, timeout: 3000 }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const isProblem = response.headers['content-type']?.includes('problem') === true;
        resolve({ status: response.statusCode ?? 0, code: isProblem ? JSON.parse(text).code : undefined });
      });
    });
    asked.on('upgrade', (_response, socket) => {
      socket.destroy();
      resolve({ status: 101, code: undefined });
    });
    asked.on('timeout', () => asked.destroy(new Error(`no answer to ${path} ${JSON.stringify(headers)}`)));
    asked.on('error', reject);
    asked.end();
  });
}

const upgrade = {
  connection: 'upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': Buffer.from('0123456789abcdef').toString('base64'),
};

describe('a name that was rebound to this machine', () => {
  test.each([
    'evil.example',
    'evil.example:80',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    '192.168.1.5',
    '[::2]:80',
    '@',
    ' ',
  ])('Host %s is refused, for pages, the API and the event stream', async (host) => {
    for (const path of ['/', '/api/v1/swarm', '/docs/json', '/metrics', '/nothing']) {
      expect(await ask(world.gateway.port, path, { host })).toEqual({ status: 421, code: 'HOST_REFUSED' });
    }
    const stream = await ask(world.gateway.port, '/api/v1/events', { host, ...upgrade });
    expect(stream).toEqual({ status: 421, code: 'HOST_REFUSED' });
  });

  test.each(['127.0.0.1', '127.0.0.1:9', 'localhost:8000', 'LOCALHOST', '[::1]:80', '127.1.2.3', 'swarm.lan'])(
    'Host %s is ours',
    async (host) => {
      expect((await ask(world.gateway.port, '/livez', { host })).status).toBe(200);
    },
  );
});

describe('a page of another site', () => {
  test.each(['https://evil.example', 'null', 'http://localhost:9999', 'http://127.0.0.1', 'file://'])(
    'Origin %s may neither read nor listen',
    async (origin) => {
      const { port } = world.gateway;
      expect(await ask(port, '/api/v1/swarm', { origin })).toEqual({ status: 403, code: 'ORIGIN_REFUSED' });
      expect(await ask(port, '/api/v1/events', { origin, ...upgrade })).toEqual({
        status: 403,
        code: 'ORIGIN_REFUSED',
      });
    },
  );

  test('the gateway’s own pages and the allowed origin may', async () => {
    const { port, url } = world.gateway;
    for (const origin of [url, 'http://localhost:5173']) {
      expect((await ask(port, '/api/v1/swarm', { origin })).status).toBe(200);
      expect((await ask(port, '/api/v1/events', { origin, ...upgrade })).status).toBe(101);
    }
  });
});

test('a refused upgrade leaves no connection behind', async () => {
  const socket = connect(world.gateway.port, '127.0.0.1');
  const head = Object.entries({ host: 'evil.example', ...upgrade }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`GET /api/v1/events HTTP/1.1\r\n${head.join('')}\r\n`);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk);
  expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1.1 421 /);
});

describe('the token', () => {
  const job = { job: 'x-1', data: 'names', rounds: 1, strategy: 'mean', alpha: 1 };

  test.each([
    ['none', undefined, 'TOKEN_MISSING'],
    ['another scheme', `Basic ${TOKEN}`, 'TOKEN_MISSING'],
    ['a wrong one of the same length', `Bearer ${TOKEN.slice(0, -1)}0`, 'TOKEN_WRONG'],
    ['a prefix', `Bearer ${TOKEN.slice(0, 10)}`, 'TOKEN_WRONG'],
    ['a longer one', `Bearer ${TOKEN}9`, 'TOKEN_WRONG'],
  ])('%s changes nothing', async (_what, authorization, code) => {
    const headers: Record<string, string> = authorization === undefined ? { authorization: '' } : { authorization };
    const before = world.source.snapshot().job;
    const { status, body } = await world.post('/api/v1/jobs', job, { headers });
    expect([status, body.code]).toEqual([401, code]);
    expect(world.source.snapshot().job).toEqual(before);
  });

  test('is checked before the body is read', async () => {
    const { body } = await world.post('/api/v1/jobs', '{"broken', { headers: { authorization: '' } });
    expect(body.code).toBe('TOKEN_MISSING');
  });

  test('a gateway without one changes nothing, and says so', async () => {
    const { startGateway } = await import('../../src/index.ts');
    const { fixtureDeps } = await import('../fixtures/deps.ts');
    await using gateway = await startGateway(fixtureDeps(world.source), { port: 0 });
    const response = await fetch(`${gateway.url}/api/v1/jobs`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ code: 'CHANGES_DISABLED' });
  });
});

describe('a gateway that other machines reach', () => {
  const open = { host: '0.0.0.0' };

  test('asks for the token to read and to listen; only probes are open', async () => {
    await using exposed = await createWorld(open);
    const { port } = exposed.gateway;
    const authorization = `Bearer ${TOKEN}`;
    const protocol = (token: string) => ({
      'sec-websocket-protocol': `${EVENTS_PROTOCOL}, ${BEARER_PROTOCOL}${token}`,
    });
    expect(await ask(port, '/api/v1/swarm', {})).toEqual({ status: 401, code: 'TOKEN_MISSING' });
    expect(await ask(port, '/metrics', {})).toEqual({ status: 401, code: 'TOKEN_MISSING' });
    expect(await ask(port, '/api/v1/events', upgrade)).toEqual({ status: 401, code: 'TOKEN_MISSING' });
    expect(await ask(port, '/api/v1/events', { ...upgrade, ...protocol('wrong') })).toEqual({
      status: 401,
      code: 'TOKEN_WRONG',
    });
    expect((await ask(port, '/api/v1/swarm', { authorization })).status).toBe(200);
    expect((await ask(port, '/api/v1/events', { ...upgrade, ...protocol(TOKEN) })).status).toBe(101);
    expect((await ask(port, '/readyz', {})).status).toBe(200);
  });

  test('takes addresses as Host, which cannot be rebound, and still no strange names', async () => {
    await using exposed = await createWorld({ ...open, publicReads: true });
    const { port } = exposed.gateway;
    expect((await ask(port, '/api/v1/swarm', { host: '192.168.1.5:8000' })).status).toBe(200);
    expect((await ask(port, '/api/v1/swarm', { host: 'evil.example' })).code).toBe('HOST_REFUSED');
  });
});
