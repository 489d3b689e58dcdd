import chromium from '@sparticuz/chromium';
import { type Browser, chromium as playwright } from 'playwright-core';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The browser that npm brought; MURMUR_CHROMIUM names another one, for platforms it is not built for. */
export async function launchBrowser(): Promise<Browser> {
  const executablePath = process.env.MURMUR_CHROMIUM ?? (await chromium.executablePath());
  return playwright.launch({ executablePath, headless: true, args: FLAGS });
}
