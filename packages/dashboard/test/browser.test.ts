import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { audit } from './support/audit.ts';
import { launchBrowser } from './support/browser.ts';
import { ensureBuilt } from './support/build.ts';
import { type Site, startSite } from './support/site.ts';
import { go, visit } from './support/visit.ts';

const STEPS = 40;
const MAX_INITIAL_JS_BYTES = 250 * 1024;
let browser: Browser;
let site: Site;

beforeAll(async () => {
  ensureBuilt();
  [browser, site] = await Promise.all([launchBrowser(), startSite({ steps: STEPS })]);
}, 60_000);

afterAll(async () => {
  await browser?.close();
  await site?.[Symbol.asyncDispose]();
});

/** Every page, with one of each kind of detail. */
function paths({ source }: Site): readonly string[] {
  const device = source.snapshot().devices[5]?.device;
  return [
    ...['/', '/topology', '/devices', `/devices/${device}`, '/rounds', '/rounds/names-1/2', '/ledger', '/evidence'],
    `/evidence/${source.lie.id}`,
    '/no/such/page',
  ];
}

describe('every page', () => {
  test('renders under the gateway’s policy without a complaint and asks no other host for anything', async () => {
    // The first by its own address, as somebody opens a link that was sent.
    await using tab = await visit(browser, `${site.url}/rounds/names-1/3`);
    for (const path of paths(site)) {
      await go(tab.page, path);
      expect(await tab.page.title(), path).toContain('Murmuration');
      expect(await tab.page.getByRole('alert').count(), path).toBe(0);
      expect(tab.complaints, path).toEqual([]);
    }
    expect([...tab.origins]).toEqual([site.url]);
  });

  test('has named controls, one h1, landmarks and legible text, in both schemes', async () => {
    await using tab = await visit(browser, site.url, { reducedMotion: 'reduce' });
    for (const path of paths(site)) {
      await go(tab.page, path);
      for (const colorScheme of ['light', 'dark'] as const) {
        await tab.page.emulateMedia({ colorScheme });
        expect(await audit(tab.page), `${path}, ${colorScheme}`).toEqual([]);
      }
    }
  });

  test('the audit catches a planted nameless button and planted pale text', async () => {
    await using tab = await visit(browser, site.url);
    await tab.page.evaluate(() => {
      const planted = document.createElement('div');
      planted.innerHTML = '<button></button><p style="color:#bbb">pale words</p>';
      document.querySelector('main')?.append(planted);
    });
    const found = (await audit(tab.page)).join('\n');
    expect(found).toContain('no name: <button>');
    expect(found).toMatch(/contrast 1\.\d\d: "pale words"/);
  });

  test('fits a phone: nothing scrolls sideways at 390 and 320 pixels', async () => {
    await using tab = await visit(browser, site.url, { isMobile: true, hasTouch: true });
    for (const path of paths(site)) {
      await go(tab.page, path);
      for (const width of [390, 320]) {
        await tab.page.setViewportSize({ width, height: 844 });
        expect(await widthNeeded(tab.page, width), `${path} at ${width}`).toBeLessThanOrEqual(width);
      }
    }
  });
});

/** Of the whole page, once the charts have followed the window; `wanted` ends the wait early. */
function widthNeeded(page: Page, wanted: number): Promise<number> {
  return page.evaluate(async (width) => {
    for (let frame = 0; frame < 60 && document.documentElement.scrollWidth > width; frame++) {
      await new Promise(requestAnimationFrame);
    }
    return document.documentElement.scrollWidth;
  }, wanted);
}

describe('the first screen', () => {
  test('shows the ledger move, over the event stream, without a reload', async () => {
    await using tab = await visit(browser, site.url);
    await tab.page.getByText('Live', { exact: true }).waitFor();
    const height = site.source.snapshot().ledger.height;
    const shown = tab.page.getByRole('region', { name: 'Ledger height' });
    await shown.getByText(String(height), { exact: true }).waitFor();
    site.source.advance();
    await shown.getByText(String(height + 1), { exact: true }).waitFor();
    expect(site.source.listenerCount).toBeGreaterThan(0);
  });

  test('puts the tolerance of training beside that of consensus and says that keys are software', async () => {
    await using tab = await visit(browser, site.url);
    const panel = tab.page.getByRole('region', { name: 'What this swarm tolerates' });
    const text = await panel.textContent();
    const { quorum, training } = site.source.snapshot();
    expect(text).toContain(`f = ${quorum.faultyTolerated} of n = ${quorum.replicas}`);
    expect(text).toContain(`${training.faultyTolerated} of ${training.participants}`);
    expect(text).toContain('in software, not in hardware');
  });

  test('names who is in quarantine, why, and the proof', async () => {
    await using tab = await visit(browser, site.url);
    const panel = tab.page.getByRole('region', { name: 'Latest quarantines' });
    await panel.getByText('Two updates for one round').waitFor();
    await panel.getByRole('link', { name: 'Evidence', exact: true }).last().click();
    await tab.page.waitForURL(`${site.url}/evidence/${site.source.lie.id}`);
  });

  test('loads at most 250 KB of compressed script, the chart included', async () => {
    await using tab = await visit(browser, site.url);
    await tab.page.locator('canvas').waitFor();
    const scripts = await tab.page.evaluate(() =>
      performance.getEntriesByType('resource').flatMap(({ name }) => (name.endsWith('.js') ? [name] : [])),
    );
    const sizes = await Promise.all(scripts.map(async (url) => gzipSync(await (await fetch(url)).bytes()).length));
    expect(scripts.length).toBeGreaterThan(1);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(MAX_INITIAL_JS_BYTES);
  });
});

describe('evidence', () => {
  test('that is true is verified in the browser, by its own bytes', async () => {
    await using tab = await visit(browser, `${site.url}/evidence/${site.source.lie.id}`);
    await tab.page.getByRole('button', { name: 'Verify in this browser' }).click();
    const result = tab.page.locator('[data-outcome]');
    await result.waitFor();
    expect(await result.getAttribute('data-outcome')).toBe('verified');
    expect(await result.textContent()).toContain(site.source.lie.accused);
  });

  test('with one flipped bit anywhere is refused with a reason', async () => {
    await using tab = await visit(browser, `${site.url}/evidence/${site.source.lie.id}`);
    const { bytes } = site.source.lie;
    let flipped = bytes;
    await tab.page.route('**/bundle', (route) => route.fulfill({ body: Buffer.from(flipped) }));
    const button = tab.page.getByRole('button', { name: 'Verify in this browser' });
    for (const part of [0, 0.02, 0.2, 0.5, 0.8, 0.99]) {
      const at = Math.floor(part * bytes.length);
      flipped = bytes.with(at, (bytes[at] as number) ^ 1);
      await button.click();
      const result = tab.page.locator('[data-outcome="refused"]');
      await result.waitFor();
      expect(await result.textContent(), `byte ${at}`).toContain('The bundle proves nothing');
      expect(await result.locator('code').textContent(), `byte ${at}`).toMatch(/^[a-z]+(-[a-z]+)*$/);
    }
    flipped = bytes;
    await button.click();
    await tab.page.locator('[data-outcome="verified"]').waitFor();
  });

  test('that proves something else than the ledger’s entry says is refused', async () => {
    await using tab = await visit(browser, site.url);
    const other = (await site.source.evidence({ limit: 10 })).find(({ id }) => id !== site.source.lie.id);
    await tab.page.route('**/bundle', (route) => route.fulfill({ body: Buffer.from(site.source.lie.bytes) }));
    await go(tab.page, `/evidence/${other?.id}`);
    await tab.page.getByRole('button', { name: 'Verify in this browser' }).click();
    await tab.page.getByText('proves-something-else').waitFor();
  });

  test('states what it does not prove, and is downloaded byte for byte', async () => {
    await using tab = await visit(browser, `${site.url}/evidence/${site.source.lie.id}`);
    const limits = await tab.page.getByRole('region', { name: 'What it does not prove' }).textContent();
    expect(limits).toContain('software key');
    const started = tab.page.waitForEvent('download');
    await tab.page.getByRole('button', { name: 'Download the bundle' }).click();
    const stream = await (await started).createReadStream();
    const received = Buffer.concat(await stream.toArray());
    expect(new Uint8Array(received)).toEqual(site.source.lie.bytes);
  });
});
