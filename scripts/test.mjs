// `npm test`: lint, types, then every test. Ends with `N passed, N failed` alone on a line.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const filters = process.argv.slice(2);
// Node 26 came with the packages, whatever runs this script.
const bundled = path.join(root, 'node_modules/.bin/node');
const node = existsSync(bundled) ? bundled : process.execPath;
const outcome = { passed: 0, failed: 0, skipped: 0 };

if (filters.length === 0) {
  check('lint', ['scripts/lint.mjs']);
  check('types', ['node_modules/typescript/bin/tsc', '-b']);
  check('types of tests and benchmarks', ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.test.json']);
  check('types of the dashboard', ['node_modules/typescript/bin/tsc', '-p', 'packages/dashboard', '--noEmit']);
}
runVitest();
const skipped = outcome.skipped > 0 ? `, ${outcome.skipped} skipped` : '';
console.log(`${outcome.passed} passed, ${outcome.failed} failed${skipped}`);
process.exit(outcome.failed === 0 ? 0 : 1);

function check(name, args) {
  const started = Date.now();
  const { status } = spawnSync(node, args, { cwd: root, stdio: 'inherit' });
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  console.log(`${status === 0 ? '✓' : '✗'} ${name} (${seconds} s)`);
  outcome[status === 0 ? 'passed' : 'failed'] += 1;
}

function runVitest() {
  const folder = mkdtempSync(path.join(tmpdir(), 'murmur-test-'));
  const report = path.join(folder, 'report.json');
  const args = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...filters];
  const { status } = spawnSync(node, ['node_modules/vitest/vitest.mjs', ...args], {
    cwd: root,
    stdio: 'inherit',
    // Tests start hundreds of processes from the sources: each module's types are stripped once, not hundreds of times.
    env: { NODE_COMPILE_CACHE: path.join(folder, 'compiled'), ...process.env },
  });
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(readFileSync(report, 'utf8'));
    outcome.passed += numPassedTests;
    outcome.failed += numFailedTests;
    outcome.skipped += numPendingTests + numTodoTests;
    // A file that does not even load, or an error outside any test, fails the run without failing a test.
    if (status !== 0 && numFailedTests === 0) outcome.failed += 1;
  } catch {
    console.error('vitest left no report');
    outcome.failed += 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
