import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createWorld, type World } from '../fixtures/world.ts';

describe('every route answers', () => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld();
  });
  afterAll(() => world[Symbol.asyncDispose]());

  test('the snapshot is the source’s, field by field', async () => {
    const { status, body, headers } = await world.get('/api/v1/swarm');
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body).toEqual(JSON.parse(JSON.stringify(world.source.snapshot())));
  });

  test('a device is found by its full id', async () => {
    const [device] = world.source.snapshot().devices;
    const { body } = await world.get(`/api/v1/devices/${device?.device}`);
    expect(body).toEqual(device);
  });

  test('the current job, its rounds and one round in detail agree', async () => {
    const job = (await world.get('/api/v1/jobs/current')).body;
    const rounds = (await world.get('/api/v1/jobs/names-1/rounds?limit=1')).body;
    const detail = (await world.get(`/api/v1/jobs/names-1/rounds/${job.round}`)).body;
    expect(job.job).toBe('names-1');
    expect(rounds.items).toEqual([(job.history as readonly unknown[]).at(-1)]);
    expect(detail).toMatchObject((rounds.items as readonly object[])[0] as object);
    expect(detail).toEqual(await world.source.round('names-1', Number(job.round)));
  });

  test('quarantines and evidence are listed, and evidence is found by its id', async () => {
    const quarantines = (await world.get('/api/v1/quarantines')).body.items as readonly { evidenceId: string }[];
    expect(quarantines).toHaveLength(2);
    for (const { evidenceId } of quarantines) {
      expect((await world.get(`/api/v1/evidence/${evidenceId}`)).body.id).toBe(evidenceId);
    }
  });

  test('a bundle comes as octets with a name to save it under', async () => {
    const { id, bytes } = world.source.lie;
    const response = await fetch(`${world.gateway.url}/api/v1/evidence/${id}/bundle`);
    expect(response.headers.get('content-type')).toBe('application/octet-stream');
    expect(response.headers.get('content-disposition')).toBe(`attachment; filename="evidence-${id}.murmur"`);
    expect(new Uint8Array(await response.arrayBuffer())).toEqual(bytes);
  });

  test('metrics name the swarm and each route that was called', async () => {
    await world.get('/livez');
    const { body, headers } = await world.get('/metrics');
    expect(headers.get('content-type')).toContain('text/plain; version=0.0.4');
    expect(body.text).toMatch(/^murmur_ledger_height 40$/m);
    expect(body.text).toMatch(/gateway_request_ms_count\{route="\/livez",method="GET",status="200"\} 1/);
  });

  test('the gateway is ready while a quorum lives, and says what is missing when not', async () => {
    expect((await world.get('/readyz')).body).toEqual({ ready: true });
    world.source.stop(3);
    const { status, body } = await world.get('/readyz');
    world.source.stop(0);
    expect(status).toBe(503);
    expect(body).toMatchObject({ code: 'SWARM_NOT_READY', facts: { live: 4, quorum: 5, replicas: 7 } });
    expect((await world.get('/livez')).body).toEqual({ live: true });
  });

  test('the API reference and its document are served from local files', async () => {
    const page = (await world.get('/docs')).body.text as string;
    expect(page).toContain('swagger-ui');
    expect(page).not.toMatch(/(src|href)="https?:/);
    expect((await world.get('/docs/json')).body.openapi).toBe('3.1.0');
    expect((await world.get('/docs/static/swagger-ui-bundle.js')).status).toBe(200);
  });
});

describe('opening a job', () => {
  test('a job that the swarm takes is answered with its name and where it is', async () => {
    await using world = await createWorld();
    const request = { job: 'digits-2', data: 'digits', rounds: 3, strategy: 'cge', alpha: 0.5 };
    const { status, body, headers } = await world.post('/api/v1/jobs', request);
    expect(status).toBe(201);
    expect(body).toEqual({ job: 'digits-2' });
    expect(headers.get('location')).toBe('/api/v1/jobs/digits-2/rounds');
    expect((await world.get('/api/v1/jobs/current')).body.job).toBe('digits-2');
  });

  test('a job that the swarm refuses is answered with its reason', async () => {
    await using world = await createWorld();
    const request = { data: 'digits', rounds: 3, strategy: 'best', alpha: 0.5 };
    const { status, body } = await world.post('/api/v1/jobs', request);
    expect(status).toBe(422);
    expect(body).toMatchObject({ code: 'JOB_REFUSED', facts: { reason: 'unknown-strategy' } });
    expect(body.detail).toContain('known are nnm-trimmed-mean, cge, mean');
  });

  test.each([
    ['no job at all', '/api/v1/jobs/current', 'JOB_UNKNOWN'],
    ['no blocks', '/api/v1/ledger/blocks', undefined],
  ])('a swarm that has just begun has %s', async (_what, path, code) => {
    await using world = await createWorld({ fixture: { steps: 0 } });
    const { body } = await world.get(path);
    if (code === undefined) expect(body).toEqual({ items: [], next: null });
    else expect(body).toMatchObject({ code, remedy: expect.stringContaining('murmur train') });
  });
});
