import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser } from './support/browser.ts';
import { ensureBuilt } from './support/build.ts';
import { startSite } from './support/site.ts';
import { go, visit } from './support/visit.ts';

let browser: Browser;

beforeAll(async () => {
  ensureBuilt();
  browser = await launchBrowser();
}, 60_000);

afterAll(() => browser?.close());

describe('when something is missing', () => {
  test('a gateway that goes away leaves the last state, says how old it is, and is found again', async () => {
    await using site = await startSite();
    await using tab = await visit(browser, site.url);
    const height = String(site.source.snapshot().ledger.height);
    await tab.page.getByText('Live', { exact: true }).waitFor();
    await site.stop();
    const banner = tab.page.getByText(/Last update .*; reconnecting\./);
    await banner.waitFor();
    await tab.page.getByText(/Last update [23] s ago; reconnecting\./).waitFor();
    expect(await tab.page.getByRole('region', { name: 'Ledger height' }).textContent()).toContain(height);
    site.source.advance();
    await site.start();
    await banner.waitFor({ state: 'detached' });
    await tab.page
      .getByText(String(Number(height) + 1), { exact: true })
      .first()
      .waitFor();
  });

  test('a page that the gateway never answered names the code and what to do', async () => {
    await using site = await startSite();
    await using tab = await visit(browser, site.url);
    await tab.page.route('**/api/v1/evidence*', (route) => route.abort());
    await go(tab.page, '/evidence');
    const alert = tab.page.getByRole('alert');
    await alert.waitFor();
    expect(await alert.textContent()).toMatch(/GATEWAY_UNREACHABLE/);
    await tab.page.unroute('**/api/v1/evidence*');
    await alert.getByRole('button', { name: 'Try again' }).click();
    await tab.page.getByText('Two updates for one round').waitFor();
  });

  test('an unknown round shows the gateway’s own code and remedy', async () => {
    await using site = await startSite();
    await using tab = await visit(browser, `${site.url}/rounds/names-1/999`);
    const alert = tab.page.getByRole('alert');
    await alert.waitFor();
    const words = await alert.textContent();
    expect(words).toContain('ROUND_UNKNOWN');
    expect(words).toContain('/api/v1/jobs/names-1/rounds');
  });

  test('an open round shows no verdict, nor what a verdict rests on, before a quorum committed it', async () => {
    await using site = await startSite({ steps: 11 });
    const open = site.source.snapshot().job?.history.at(-1);
    expect(open?.state).toBe('collecting');
    await using tab = await visit(browser, `${site.url}/rounds/${open?.job}/${open?.round}`);
    const table = tab.page.getByRole('table');
    await table.getByText('Awaits a quorum').first().waitFor();
    expect(await table.getByText('Awaits a quorum').count()).toBe(3);
    expect(await table.getByText(/Accepted|Refused/).count()).toBe(0);
  });

  test('a swarm that has done nothing yet says so on every page', async () => {
    await using site = await startSite({ steps: 0 });
    await using tab = await visit(browser, site.url);
    await tab.page.getByText('Nobody is in quarantine').waitFor();
    for (const [path, words] of [
      ['/rounds', 'No job has run yet'],
      ['/ledger', 'No block yet'],
      ['/evidence', 'That is not proof that nobody lies'],
    ] as const) {
      await go(tab.page, path);
      await tab.page.getByText(words).waitFor();
    }
    expect(tab.complaints).toEqual([]);
  });

  test('a lost quorum stands first, with the number that is missing', async () => {
    await using site = await startSite();
    await using tab = await visit(browser, site.url);
    site.source.stop(4);
    site.source.advance();
    await tab.page.getByText('No quorum').waitFor();
    await tab.page.getByText(/Only 3 of 7 replicas are live and 5 are needed\. .* 2 more replicas return/).waitFor();
  });

  test('a gateway that asks readers for its token gets it, for this tab', async () => {
    const token = 'a-token-of-the-test-0123';
    await using site = await startSite({}, { host: '0.0.0.0', token });
    await using tab = await visit(browser, site.url);
    await tab.page.getByText('TOKEN_MISSING').waitFor();
    await tab.page.getByLabel('Token of the gateway').fill(token);
    await tab.page.getByRole('button', { name: 'Use it in this tab' }).click();
    await tab.page.getByText('Live', { exact: true }).waitFor();
    await tab.page.getByRole('region', { name: 'Devices' }).waitFor();
  });
});

describe('for every reader', () => {
  test('the scheme follows the system until one is chosen, and the choice outlives a reload', async () => {
    await using site = await startSite();
    await using tab = await visit(browser, site.url, { colorScheme: 'dark' });
    const background = () => tab.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const dark = await background();
    expect(dark).toBe('rgb(13, 15, 20)');
    await tab.page.emulateMedia({ colorScheme: 'light' });
    await tab.page.waitForFunction((was) => getComputedStyle(document.body).backgroundColor !== was, dark);
    await tab.page.getByRole('radiogroup', { name: 'Colour scheme' }).getByText('Dark').click({ force: true });
    await tab.page.waitForFunction((was) => getComputedStyle(document.body).backgroundColor === was, dark);
    await tab.page.reload();
    await tab.page.getByRole('heading', { level: 1 }).waitFor();
    expect(await background()).toBe(dark);
  });

  test('the keyboard alone skips to the content, walks the pages, and always shows where it is', async () => {
    await using site = await startSite();
    await using tab = await visit(browser, site.url);
    const { keyboard } = tab.page;
    const focused = () =>
      tab.page.evaluate(() => {
        const element = document.activeElement as HTMLElement;
        const { outlineStyle, outlineWidth } = getComputedStyle(element);
        return {
          words: element.textContent?.trim(),
          id: element.id,
          ring: `${outlineStyle} ${outlineWidth}`,
        };
      });
    await keyboard.press('Tab');
    expect(await focused()).toMatchObject({ words: 'Skip to the content', ring: 'solid 2px' });
    await keyboard.press('Enter');
    expect((await focused()).id).toBe('main');
    await tab.page.goto(site.url);
    await tab.page.getByRole('heading', { level: 1 }).waitFor();
    await keyboard.press('Tab');
    for (const words of ['Overview', 'Topology']) {
      await keyboard.press('Tab');
      expect(await focused()).toMatchObject({ words, ring: 'solid 2px' });
    }
    await keyboard.press('Enter');
    await tab.page.getByRole('heading', { level: 1, name: 'Topology' }).waitFor();
    expect((await focused()).id).toBe('main');
    await tab.page.getByRole('region', { name: 'Devices and their connections' }).waitFor();
    await keyboard.press('Tab');
    expect((await focused()).words).toContain('amsel');
    await keyboard.press('Enter');
    await tab.page.getByRole('heading', { level: 1, name: 'amsel' }).waitFor();
  });

  test('arrow keys walk the chart, and the figures above it follow', async () => {
    await using site = await startSite();
    await using tab = await visit(browser, site.url);
    const chart = tab.page.getByRole('img', { name: /^Accuracy by round/ });
    await chart.focus();
    const panel = tab.page.getByRole('region', { name: 'Accuracy by round' });
    const finalised = site.source.snapshot().job?.history.filter(({ state }) => state === 'finalised') ?? [];
    const before = finalised.at(-2);
    await tab.page.keyboard.press('ArrowLeft');
    await panel.getByText(`${((before?.accuracy ?? 0) * 100).toFixed(1)} %`).waitFor();
    await panel.getByRole('link', { name: `Round ${before?.round}` }).waitFor();
  });

  test('three hundred devices are drawn as a map and listed in steps', async () => {
    await using site = await startSite({ devices: 300, steps: 3 });
    await using tab = await visit(browser, `${site.url}/topology`);
    await tab.page.locator('canvas').first().waitFor();
    const list = tab.page.getByRole('region', { name: 'Devices and their connections' });
    expect(await list.getByRole('listitem').count()).toBe(60);
    await list.getByRole('button', { name: 'Show 60 more of 300' }).click();
    expect(await list.getByRole('listitem').count()).toBe(120);
    await go(tab.page, '/devices');
    await tab.page.getByLabel('Find by name or id').fill('device-299');
    await tab.page.getByText('1 of 300 devices').waitFor();
    expect(tab.complaints).toEqual([]);
  });
});
