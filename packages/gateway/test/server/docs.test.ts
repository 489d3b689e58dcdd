import chromium from '@sparticuz/chromium';
import { chromium as browsers } from 'playwright-core';
import { expect, test } from 'vitest';
import { createWorld } from '../fixtures/world.ts';

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--headless=shell'];
const OFFLINE = ['--disable-background-networking', '--disable-component-update', '--disable-sync'];

test('the API reference works in a browser under our content security policy, and calls the API', async () => {
  await using world = await createWorld();
  const browser = await browsers.launch({
    executablePath: await chromium.executablePath(),
    args: [...FLAGS, ...OFFLINE],
    headless: true,
  });
  try {
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(`${world.gateway.url}/docs`);
    await page.click('#operations-swarm-swarm .opblock-summary');
    await page.click('#operations-swarm-swarm .try-out__btn');
    await page.click('#operations-swarm-swarm .execute');
    const answer = await page.textContent('#operations-swarm-swarm .live-responses-table .microlight');
    expect(JSON.parse(answer ?? '').swarm.id).toBe(world.source.snapshot().swarm.id);
    expect(complaints).toEqual([]);
    // The policy is what holds: the same page may not run a script that was written into it.
    await page.evaluate(
      'document.body.append(Object.assign(document.createElement("script"), { text: "window.ran = 1" }))',
    );
    expect(await page.evaluate('window.ran')).toBeUndefined();
    expect(complaints.join()).toContain('Content Security Policy');
  } finally {
    await browser.close();
  }
});
