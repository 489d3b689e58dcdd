import chromium from '@sparticuz/chromium';
import { type Browser, type BrowserContextOptions, chromium as playwright } from 'playwright-core';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export const DESKTOP: BrowserContextOptions = { locale: 'en-GB', viewport: { width: 1280, height: 900 } };

/** The browser that npm brought; MURMUR_CHROMIUM names another one, for platforms it is not built for. */
export async function launchBrowser(): Promise<Browser> {
  const executablePath = process.env.MURMUR_CHROMIUM ?? (await chromium.executablePath());
  const browser = await playwright.launch({ executablePath, headless: true, args: FLAGS });
  // The first context is the one that ordinary visits share, and with it the cached scripts.
  await browser.newContext(DESKTOP);
  return browser;
}
