// Set-up of a fresh clone, called by `npm start` and `npm test`. Plain JavaScript on the system's Node (20 or
// newer), since nothing is installed yet: it installs what the lockfile says, Node 26 included, and builds the
// dashboard. Does nothing where nothing changed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const quiet = process.argv.includes('--quiet');
const lockfile = path.join(root, 'package-lock.json');
const modules = path.join(root, 'node_modules');
const marker = path.join(modules, '.murmur-lockfile');
const dashboard = path.join(root, 'packages/dashboard');
/** What the dashboard's bundle is made of. */
const bundled = ['dashboard', 'sdk', 'ledger', 'consensus', 'identity', 'crypto', 'core'];

requireNode20();
installPackages();
requireNode26();
buildDashboard();

function requireNode20() {
  if (Number(process.versions.node.split('.')[0]) >= 20) return;
  stop(
    `Node ${process.versions.node} is too old for the set-up`,
    'install Node 20 or newer; Node 26 itself comes with the packages',
  );
}

function installPackages() {
  const wanted = createHash('sha256').update(readFileSync(lockfile)).digest('hex');
  if (existsSync(marker) && readFileSync(marker, 'utf8') === wanted) return;
  step('installing packages (once; about half a minute)', () =>
    // onnxruntime-node would otherwise look for CUDA libraries on the network; its CPU binary is in the package.
    run(npm(), ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { ONNXRUNTIME_NODE_INSTALL: 'skip' }),
  );
  writeFileSync(marker, wanted);
}

function requireNode26() {
  const { stdout } = spawnSync(path.join(modules, '.bin', bin('node')), ['--version'], { encoding: 'utf8' });
  if (stdout?.startsWith('v26.')) return;
  stop(
    `no Node 26 for ${process.platform}-${process.arch} came with the packages`,
    'supported are linux-x64, linux-arm64, darwin-arm64 and win32-x64; elsewhere install Node 26 and put it first on the PATH',
  );
}

function buildDashboard() {
  const page = path.join(dashboard, 'dist/index.html');
  const sources = bundled.map((name) => path.join(root, 'packages', name, 'src'));
  const builtMs = existsSync(page) ? statSync(page).mtimeMs : 0;
  const changedMs = Math.max(newestMs(path.join(dashboard, 'index.html')), ...sources.map(newestMs));
  if (builtMs >= changedMs) return;
  step('building the dashboard', () =>
    run(
      path.join(modules, '.bin', bin('node')),
      [path.join(modules, 'vite/bin/vite.js'), 'build', '--logLevel', 'error'],
      {},
      dashboard,
    ),
  );
}

function newestMs(place) {
  if (!existsSync(place)) return 0;
  const stat = statSync(place);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(0, ...readdirSync(place).map((name) => newestMs(path.join(place, name))));
}

function step(what, work) {
  const started = Date.now();
  if (!quiet) process.stderr.write(`  ${what} … `);
  work();
  if (!quiet) process.stderr.write(`done in ${Math.round((Date.now() - started) / 1000)} s\n`);
}

function run(command, args, env, cwd = root) {
  const shell = process.platform === 'win32';
  const done = spawnSync(command, args, { cwd, env: { ...process.env, ...env }, encoding: 'utf8', shell });
  if (done.status === 0) return;
  process.stderr.write(`\n${done.stdout ?? ''}${done.stderr ?? ''}\n`);
  stop(
    `${path.basename(command)} ${args[0]} failed`,
    'its output stands above; mend that and run the same command again',
  );
}

function npm() {
  return process.platform === 'win32' ? 'npm.cmd' : 'npm';
}

function bin(name) {
  return process.platform === 'win32' ? `${name}.cmd` : name;
}

function stop(what, remedy) {
  process.stderr.write(`set-up stopped: ${what}\n  what to do: ${remedy}\n`);
  process.exit(1);
}
