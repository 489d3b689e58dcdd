/** The two servers that are compared, in a process of their own: the gateway, and `node:http` that does nothing but answer. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startGateway } from '@murmuration/gateway';
import { fixtureDeps } from '../../packages/gateway/test/fixtures/deps.ts';
import { FixtureSource } from '../../packages/gateway/test/fixtures/source.ts';
import { TOKEN } from './token.ts';

const source = new FixtureSource();
const unlimited = Number.MAX_SAFE_INTEGER;
const gateway = await startGateway(fixtureDeps(source), {
  port: 0,
  token: TOKEN,
  maxRequestsPerMinute: unlimited,
  maxChangesPerMinute: unlimited,
});

/** Parses and answers the same JSON as the gateway's routes, without a router, checks, headers or metrics. */
const raw = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', async () => {
    const isPost = request.method === 'POST';
    const body = isPost
      ? { job: JSON.parse(Buffer.concat(chunks).toString()).job }
      : { items: await source.blocks({ limit: 1 }), next: '40' };
    const text = JSON.stringify(body);
    const head = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    response.writeHead(isPost ? 201 : 200, head).end(text);
  });
});
raw.listen(0, '127.0.0.1', () => process.send?.({ gateway: gateway.port, raw: (raw.address() as AddressInfo).port }));

/** Asked by whoever drives: microseconds of processor time that this process has used. */
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.(user + system);
});
