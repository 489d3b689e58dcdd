import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { DESKTOP } from './browser.ts';

/** A tab of its own, and everything in it that no page of ours may do. */
export interface Visit extends AsyncDisposable {
  readonly page: Page;
  /** Console errors, uncaught exceptions, breaches of the content security policy. */
  readonly complaints: readonly string[];
  /** Origins that the page asked for anything. */
  readonly origins: ReadonlySet<string>;
}

/** How long anything may take to appear: far longer than it does, also on a busy machine. */
const PATIENCE_MS = 10_000;

export async function visit(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Visit> {
  const shared = Object.keys(options).length === 0 ? browser.contexts()[0] : undefined;
  const context = shared ?? (await browser.newContext({ ...DESKTOP, ...options }));
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const complaints: string[] = [];
  const origins = new Set<string>();
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => origins.add(new URL(request.url()).origin));
  await page.goto(url);
  await page
    .getByRole('heading', { level: 1 })
    .waitFor()
    .catch((cause: unknown) => {
      throw new Error(`${url} did not render: ${complaints.join('; ') || 'it is silent'}`, { cause });
    });
  return {
    page,
    complaints,
    origins,
    [Symbol.asyncDispose]: () => (shared === undefined ? context.close() : page.close()),
  };
}

/** Follows a link without loading the page anew. */
export async function go(page: Page, path: string): Promise<void> {
  await page.evaluate((to) => {
    window.history.pushState(null, '', to);
    window.dispatchEvent(new PopStateEvent('popstate'));
  }, path);
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.waitForFunction(() => document.querySelector('main [role="status"][aria-label="Loading"]') === null);
}
