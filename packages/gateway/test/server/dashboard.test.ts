import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createWorld, type World } from '../fixtures/world.ts';

const html = { headers: { accept: 'text/html,application/xhtml+xml' } };

describe('a dashboard that is built', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'murmur-dashboard-'));
  let world: World;
  beforeAll(async () => {
    mkdirSync(path.join(folder, 'assets'));
    writeFileSync(path.join(folder, 'index.html'), '<!doctype html><title>swarm</title>');
    writeFileSync(path.join(folder, 'assets/app-1a2b.js'), 'export {};');
    writeFileSync(path.join(folder, '.env'), 'SECRET=1');
    writeFileSync(path.join(path.dirname(folder), `${path.basename(folder)}-outside`), 'outside');
    world = await createWorld({ dashboard: folder });
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
    rmSync(`${folder}-outside`);
  });

  test('is served at /, fresh each time, and its hashed files for ever', async () => {
    const index = await world.get('/');
    expect(index.body.text).toContain('<title>swarm</title>');
    expect(index.headers.get('cache-control')).toBe('no-cache');
    const asset = await world.get('/assets/app-1a2b.js');
    expect(asset.headers.get('content-type')).toContain('javascript');
    expect(asset.headers.get('cache-control')).toContain('immutable');
  });

  test('its own paths answer with its index to a browser, with an error to a program', async () => {
    expect((await world.get('/evidence/00ff', html)).body.text).toContain('<title>swarm</title>');
    expect((await world.get('/evidence/00ff')).body.code).toBe('ROUTE_UNKNOWN');
    expect((await world.get('/api/v1/nothing', html)).body.code).toBe('ROUTE_UNKNOWN');
    expect((await world.get('/assets/gone.js', html)).body.code).toBe('ROUTE_UNKNOWN');
  });

  test.each(['/../outside', '/..%2foutside', '/%2e%2e/outside', '/.env', `/..%2f${'x'}-outside`])(
    'nothing outside the build leaves: %s',
    async (address) => {
      const { body } = await world.get(address);
      expect(JSON.stringify(body)).not.toMatch(/SECRET|"outside"/);
    },
  );

  test('no answer lets a page run script that is not a file of ours, or be framed', async () => {
    for (const address of ['/', '/docs', '/assets/app-1a2b.js', '/docs/json', '/nothing']) {
      const policy = (await world.get(address)).headers.get('content-security-policy') ?? '';
      expect(policy).toContain("script-src 'self';");
      expect(policy).toContain("default-src 'self'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toMatch(/script-src[^;]*unsafe/);
    }
  });

  test('data that a browser were to show as a page could do nothing', async () => {
    for (const address of ['/api/v1/swarm', '/api/v1/nothing', '/api/v1/jobs', '/metrics', '/livez']) {
      const { headers } = await world.get(address);
      expect(headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'");
      expect(headers.get('x-content-type-options')).toBe('nosniff');
    }
  });

  test('answers are not sniffed, and no other site may embed or read them', async () => {
    const { headers } = await world.get('/api/v1/swarm');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('a dashboard that is not built', () => {
  test.each([undefined, '/nowhere/<b>dist</b>'])('is told so, with how to build it: %s', async (dashboard) => {
    await using world = await createWorld(dashboard === undefined ? {} : { dashboard });
    const { status, body, headers } = await world.get('/', html);
    expect(status).toBe(503);
    expect(headers.get('content-type')).toContain('text/html');
    expect(body.text).toContain('npm run build --workspace @murmuration/dashboard');
    expect(body.text).not.toContain('<b>dist');
    expect((await world.get('/api/v1/swarm')).status).toBe(200);
  });
});
