import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { httpErrorOf } from '../../src/index.ts';
import { createWorld, TOKEN, type World } from '../fixtures/world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const JOB = { data: 'names', rounds: 3, strategy: 'mean', alpha: 0.5 };
const someone = () => world.source.snapshot().devices[3];

function expectProblem(answer: Awaited<ReturnType<World['get']>>, code: string): void {
  expect(answer.body.code).toBe(code);
  expect(answer.status).toBe(httpErrorOf(code)?.status);
  expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
  expect(answer.body.status).toBe(answer.status);
  expect(answer.body.type).toBe(`urn:murmuration:error:${code}`);
  expect(answer.body.title).toBe(httpErrorOf(code)?.title);
  expect(String(answer.body.remedy).length).toBeGreaterThan(5);
}

describe('what is not there', () => {
  test.each([
    ['/api/v1/devices/nobody', 'DEVICE_UNKNOWN'],
    ['/api/v1/jobs/names-2/rounds', 'JOB_UNKNOWN'],
    ['/api/v1/jobs/names-2/rounds/1', 'JOB_UNKNOWN'],
    ['/api/v1/jobs/names-1/rounds/999', 'ROUND_UNKNOWN'],
    ['/api/v1/evidence/00ff', 'EVIDENCE_UNKNOWN'],
    ['/api/v1/evidence/00ff/bundle', 'EVIDENCE_UNKNOWN'],
    ['/api/v1/swrm', 'ROUTE_UNKNOWN'],
    ['/nothing/here', 'ROUTE_UNKNOWN'],
  ])('%s is %s', async (path, code) => {
    expectProblem(await world.get(path), code);
  });

  test('a near miss is named', async () => {
    expect((await world.get('/api/v1/swrm')).body.remedy).toContain('did you mean /api/v1/swarm?');
    expect((await world.get('/api/v1/jobs/names-2/rounds')).body.remedy).toBe('did you mean names-1?');
    expect((await world.get(`/api/v1/devices/${someone()?.short}`)).body.remedy).toContain(someone()?.device);
    expect((await world.get(`/api/v1/devices/${someone()?.name}`)).body.remedy).toContain(someone()?.device);
  });

  test('a known path with another method says which it has', async () => {
    const answer = await world.post('/api/v1/swarm', {});
    expectProblem(answer, 'METHOD_NOT_ALLOWED');
    expect(answer.headers.get('allow')).toBe('GET');
    expectProblem(await world.get('/api/v1/jobs'), 'METHOD_NOT_ALLOWED');
  });

  test('a plain GET of the event stream says that it is a WebSocket', async () => {
    expectProblem(await world.get('/api/v1/events'), 'UPGRADE_REQUIRED');
  });
});

describe('what does not fit', () => {
  test.each([
    [
      'an unknown field, with the nearest',
      { ...JOB, ruonds: 3 },
      'the body has no field "ruonds"',
      'did you mean "rounds"?',
    ],
    ['a missing field', { ...JOB, alpha: undefined }, 'the body lacks alpha', 'fields are'],
    ['text for a number', { ...JOB, rounds: '3' }, 'rounds in the body must be integer', 'fields are'],
    ['a number out of range', { ...JOB, rounds: 0 }, 'rounds in the body must be >= 1', 'fields are'],
    ['not finite', `{"data":"names","rounds":3,"strategy":"mean","alpha":1e999}`, 'alpha in the body', 'fields are'],
    ['data of no kind', { ...JOB, data: 'imagenet' }, 'data in the body must match', 'fields are'],
    ['a job id with a space', { ...JOB, job: 'a b' }, 'job in the body must match', 'fields are'],
    ['an array', [], 'the body must be object', 'fields are'],
  ])('%s is named', async (_what, body, detail, remedy) => {
    const answer = await world.post('/api/v1/jobs', body);
    expectProblem(answer, 'REQUEST_INVALID');
    expect(answer.body.detail).toContain(detail);
    expect(answer.body.remedy).toContain(remedy);
  });

  test.each([
    ['/api/v1/ledger/blocks?limt=3', 'the query has no field "limt"'],
    ['/api/v1/jobs/UPPER/rounds', 'job in the path must match'],
    ['/api/v1/jobs/names-1/rounds/zero', 'round in the path must be integer'],
    ['/api/v1/jobs/names-1/rounds/0', 'round in the path must be >= 1'],
    ['/api/v1/evidence/XYZ', 'id in the path must match'],
  ])('%s is refused', async (path, detail) => {
    const answer = await world.get(path);
    expectProblem(answer, 'REQUEST_INVALID');
    expect(answer.body.detail).toContain(detail);
  });

  test('bodies that are not JSON, of another type, or too large have their own codes', async () => {
    expectProblem(await world.post('/api/v1/jobs', '{"data":'), 'REQUEST_MALFORMED');
    expectProblem(await world.post('/api/v1/jobs', ''), 'REQUEST_MALFORMED');
    expectProblem(await world.post('/api/v1/jobs', '{"__proto__": {"a": 1}}'), 'REQUEST_MALFORMED');
    const xml = { headers: { 'content-type': 'text/xml' } };
    expectProblem(await world.post('/api/v1/jobs', '<a/>', xml), 'MEDIA_TYPE_UNSUPPORTED');
    const large = JSON.stringify({ ...JOB, strategy: 'a'.repeat(70_000) });
    expectProblem(await world.post('/api/v1/jobs', large), 'REQUEST_TOO_LARGE');
  });

  test('a URL that cannot be decoded is malformed', async () => {
    expectProblem(await world.get('/api/v1/devices/%zz'), 'REQUEST_MALFORMED');
  });

  test.each([
    ['no HTTP at all', 'hello\r\n\r\n', '400', 'REQUEST_MALFORMED'],
    [
      'headers without end',
      `GET /livez HTTP/1.1\r\nhost: 127.0.0.1\r\nx: ${'a'.repeat(40_000)}\r\n\r\n`,
      '431',
      'HEADERS_TOO_LARGE',
    ],
  ])('%s is answered as a problem too', async (_what, bytes, status, code) => {
    const answer = await raw(bytes);
    expect(answer.startsWith(`HTTP/1.1 ${status} `)).toBe(true);
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n'))).code).toBe(code);
  });
});

test('an error that we did not mean for clients shows nothing of itself', async () => {
  await using broken = await createWorld();
  broken.source.blocks = async () => {
    throw new Error('secret path /home/someone/keys');
  };
  const answer = await broken.get('/api/v1/ledger/blocks');
  expectProblem(answer, 'GATEWAY_INTERNAL');
  expect(JSON.stringify(answer.body)).not.toContain('secret');
});

test('an address that asks too often is told how long to wait', async () => {
  await using strict = await createWorld({ maxRequestsPerMinute: 3, maxChangesPerMinute: 1 });
  for (let i = 0; i < 3; i++) expect((await strict.get('/livez')).status).toBe(200);
  const answer = await strict.get('/livez');
  expectProblem(answer, 'RATE_LIMITED');
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  const guess = { headers: { authorization: 'Bearer wrong-wrong-wrong-1' } };
  expectProblem(await strict.post('/api/v1/jobs', JOB, guess), 'TOKEN_WRONG');
  expectProblem(await strict.post('/api/v1/jobs', JOB), 'RATE_LIMITED');
});

function raw(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(world.gateway.port, '127.0.0.1', () => socket.write(bytes));
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('close', () => resolve(Buffer.concat(chunks).toString()));
    socket.on('error', reject);
  });
}

test('the token of the fixtures is one that gateways take', () => {
  expect(TOKEN).toMatch(/^[A-Za-z0-9._~-]{16,256}$/);
});
