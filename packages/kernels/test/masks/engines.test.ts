import { spawnSync } from 'node:child_process';
import path from 'node:path';
import chromium from '@sparticuz/chromium';
import { type Browser, chromium as browsers } from 'playwright-core';
import { build, defaultClientConditions, type Rolldown } from 'vite';
import { expect, test } from 'vitest';
import { type ExampleSum, exampleSum } from './example-sum.ts';

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--headless=shell'];
const OFFLINE = ['--disable-background-networking', '--disable-component-update', '--disable-sync'];

/** What a process with these flags, which takes WebAssembly away like this, prints. */
function sumApart(flags: readonly string[], how: string): ExampleSum {
  const script = path.join(import.meta.dirname, 'sum-apart.ts');
  const args = ['--conditions=murmuration-src', ...flags, script, how];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout);
}

/** The example as a browser gets it, in one script without imports. */
async function bundle(): Promise<string> {
  const entry = path.join(import.meta.dirname, 'example-sum.ts');
  const built = await build({
    configFile: false,
    logLevel: 'silent',
    resolve: { conditions: ['murmuration-src', ...defaultClientConditions] },
    build: { write: false, minify: false, lib: { entry, formats: ['iife'], name: 'example' } },
  });
  return ((Array.isArray(built) ? built[0] : built) as Rolldown.RolldownOutput).output[0].code;
}

/** What a page says that was served under a policy. */
async function sumInPage(browser: Browser, script: string, policy: string): Promise<ExampleSum> {
  const page = await browser.newPage();
  await page.route('**/*', (route) =>
    route.request().url().endsWith('.js')
      ? route.fulfill({ contentType: 'text/javascript', body: script })
      : route.fulfill({
          contentType: 'text/html',
          headers: { 'content-security-policy': policy },
          body: '<script src="/example.js"></script>',
        }),
  );
  await page.goto('http://kernels.test/');
  return JSON.parse(await page.evaluate('JSON.stringify(example.exampleSum())'));
}

test('without WebAssembly, without its SIMD and where it gets no memory, masks are added in JavaScript: the same bits', () => {
  const usual = exampleSum();
  expect(usual.simd).toBe(true);
  expect(sumApart([], 'present')).toEqual(usual);
  for (const how of ['absent', 'no memory']) expect(sumApart([], how)).toEqual({ ...usual, simd: false });
  // An engine for x86 has no SIMD without SSE 4.1; elsewhere the flag changes nothing.
  const simd = process.arch !== 'x64';
  expect(sumApart(['--no-enable-sse4-1'], 'present')).toEqual({ ...usual, simd });
});

test('a browser uses the kernel where the policy of its page allows WebAssembly, else JavaScript: the same bits', async () => {
  const executablePath = process.env.MURMUR_CHROMIUM ?? (await chromium.executablePath());
  const browser = await browsers.launch({ executablePath, headless: true, args: [...FLAGS, ...OFFLINE] });
  try {
    const script = await bundle();
    const usual = exampleSum();
    expect(await sumInPage(browser, script, "script-src 'self' 'wasm-unsafe-eval'")).toEqual(usual);
    expect(await sumInPage(browser, script, "script-src 'self'")).toEqual({ ...usual, simd: false });
  } finally {
    await browser.close();
  }
});
