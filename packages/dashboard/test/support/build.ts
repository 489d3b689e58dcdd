import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';

const dashboard = path.join(import.meta.dirname, '../..');
const root = path.join(dashboard, '../..');

export const DIST = path.join(dashboard, 'dist');

/** What the bundle is made of: this package's and that of the packages whose sources it takes in. */
const BUNDLED = ['dashboard', 'sdk', 'ledger', 'consensus', 'identity', 'crypto', 'core'];

/** Builds the dashboard where a source is newer than the last build. */
export function ensureBuilt(): void {
  const page = path.join(DIST, 'index.html');
  const sources = [
    ...BUNDLED.map((name) => path.join(root, 'packages', name, 'src')),
    ...['index.html', 'public', 'vite.config.ts', 'package.json'].map((name) => path.join(dashboard, name)),
  ];
  if (existsSync(page) && statSync(page).mtimeMs >= Math.max(...sources.map(newestMs))) return;
  const vite = path.join(root, 'node_modules/vite/bin/vite.js');
  // vitest says NODE_ENV=test, and the bundle would hold React's development build.
  const done = spawnSync(process.execPath, [vite, 'build', '--logLevel', 'error'], {
    cwd: dashboard,
    encoding: 'utf8',
    env: { ...process.env, NODE_ENV: 'production' },
  });
  if (done.status !== 0) throw new Error(`the dashboard does not build:\n${done.stdout}${done.stderr}`);
}

function newestMs(place: string): number {
  const stat = statSync(place);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(0, ...readdirSync(place).map((name) => newestMs(path.join(place, name))));
}
