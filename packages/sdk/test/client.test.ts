import { isMurmurError } from '@murmuration/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createWorld, TOKEN, type World } from '../../gateway/test/fixtures/world.ts';
import { type Client, createClient } from '../src/index.ts';
import { strangeServer } from './fixtures.ts';

let world: World;
let client: Client;
beforeAll(async () => {
  world = await createWorld();
  client = createClient({ baseUrl: world.gateway.url, token: TOKEN });
});
afterAll(() => world[Symbol.asyncDispose]());

async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'answered';
  } catch (error) {
    if (!isMurmurError(error)) throw error;
    return error.code;
  }
}

describe('against a real gateway', () => {
  test('every read answers with what the source holds', async () => {
    const { source } = world;
    const snapshot = JSON.parse(JSON.stringify(source.snapshot()));
    expect(await client.swarm()).toEqual(snapshot);
    expect((await client.devices()).items).toHaveLength(7);
    expect(await client.device({ id: source.lie.accused })).toEqual(
      snapshot.devices.find(({ device }: { device: string }) => device === source.lie.accused),
    );
    expect(await client.currentJob()).toEqual(snapshot.job);
    expect((await client.rounds({ job: 'names-1', limit: 2 })).items).toHaveLength(2);
    expect((await client.round({ job: 'names-1', round: 2 })).updates.length).toBeGreaterThan(4);
    expect((await client.blocks({ limit: 3 })).items).toEqual(await source.blocks({ limit: 3 }));
    expect((await client.quarantines()).items).toHaveLength(2);
    expect((await client.evidence()).items.map(({ id }) => id)).toContain(source.lie.id);
    expect((await client.evidenceById({ id: source.lie.id })).accused).toBe(source.lie.accused);
    expect(await client.evidenceBundle({ id: source.lie.id })).toEqual(source.lie.bytes);
    expect(await client.live()).toEqual({ live: true });
    expect(await client.ready()).toEqual({ ready: true });
    expect(await client.metrics()).toContain('murmur_ledger_height 40');
  });

  test('pages are walked by passing next on', async () => {
    const heights: number[] = [];
    let cursor: string | undefined;
    do {
      const page = await client.blocks({ limit: 9, cursor });
      heights.push(...page.items.map(({ height }) => height));
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
    expect(heights).toEqual(Array.from({ length: 40 }, (_, i) => 40 - i));
  });

  test('a job is opened with the token and refused without', async () => {
    await using other = await createWorld();
    const job = { job: 'digits-9', data: 'digits', rounds: 2, strategy: 'mean', alpha: 1 };
    expect(await codeOf(createClient({ baseUrl: other.gateway.url }).openJob(job))).toBe('TOKEN_MISSING');
    expect(await createClient({ baseUrl: other.gateway.url, token: TOKEN }).openJob(job)).toEqual({ job: 'digits-9' });
  });

  test('an error of the server arrives with its code, message, remedy and facts', async () => {
    const error = await client.rounds({ job: 'names-2' }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'JOB_UNKNOWN',
      message: 'no job names-2 is on the ledger',
      remedy: 'did you mean names-1?',
      facts: { job: 'names-2', status: 404 },
    });
  });

  test.each(['../../livez', 'a/b', 'a?limit=1', '%2e%2e', 'ä b'])(
    'the argument %j stays one part of the path',
    async (id) => {
      expect(await codeOf(client.device({ id }))).toBe('DEVICE_UNKNOWN');
    },
  );
});

describe('against something else', () => {
  test('nobody there, an address that is none, and one that is no gateway have codes', async () => {
    const nobody = await strangeServer(() => {});
    await nobody[Symbol.asyncDispose]();
    expect(await codeOf(createClient({ baseUrl: nobody.url }).swarm())).toBe('GATEWAY_UNREACHABLE');
    for (const baseUrl of ['localhost', '', 'ftp://127.0.0.1', 'file:///etc']) {
      expect(() => createClient({ baseUrl })).toThrow(expect.objectContaining({ code: 'GATEWAY_ADDRESS_INVALID' }));
    }
    await using html = await strangeServer((_request, response) => response.end('<html>'));
    expect(await codeOf(createClient({ baseUrl: html.url }).swarm())).toBe('GATEWAY_ANSWER_UNREADABLE');
    await using failing = await strangeServer((_request, response) => response.writeHead(502).end('bad gateway'));
    expect(await codeOf(createClient({ baseUrl: failing.url }).swarm())).toBe('GATEWAY_ANSWER_UNREADABLE');
    await using liar = await strangeServer((_request, response) =>
      response.writeHead(500, { 'content-type': 'application/problem+json' }).end('{"code":5}'),
    );
    expect(await codeOf(createClient({ baseUrl: liar.url }).swarm())).toBe('GATEWAY_ANSWER_UNREADABLE');
  });

  test('one that never answers times out, and a caller who gives up gets its own reason', async () => {
    await using silent = await strangeServer(() => {});
    const waiting = createClient({ baseUrl: silent.url, timeoutMs: 50 });
    expect(await codeOf(waiting.swarm())).toBe('GATEWAY_TIMEOUT');
    const patient = createClient({ baseUrl: silent.url });
    const controller = new AbortController();
    const call = patient.swarm({ signal: controller.signal });
    controller.abort(new Error('gave up'));
    await expect(call).rejects.toThrow('gave up');
  });
});
