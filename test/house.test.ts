import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

const root = path.join(import.meta.dirname, '..');

/** The import table of ARCHITECTURE.md: what a package's manifest may depend on. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  crypto: ['core'],
  kernels: ['core'],
  identity: ['core', 'crypto'],
  consensus: ['core', 'crypto'],
  privacy: ['core', 'crypto', 'kernels'],
  storage: ['core', 'crypto', 'kernels'],
  comm: ['core', 'crypto', 'identity'],
  swarm: ['core', 'crypto', 'identity'],
  learning: ['core', 'crypto', 'kernels', 'identity', 'privacy'],
  ledger: ['core', 'crypto', 'identity', 'consensus'],
  market: ['core', 'crypto', 'identity', 'ledger'],
  fog: ['core', 'crypto', 'identity', 'privacy', 'swarm', 'ledger', 'market'],
  node: [
    ...['core', 'crypto', 'kernels', 'identity', 'consensus', 'privacy', 'storage'],
    ...['comm', 'swarm', 'learning', 'ledger', 'market', 'fog'],
  ],
  gateway: ['core', 'node'],
  sdk: ['core', 'crypto', 'identity', 'consensus', 'ledger'], // docs/adr/0001
  cli: ['core', 'sdk', 'node', 'gateway'],
  dashboard: ['sdk'],
  simulator: ['core'],
  conformance: ['core'],
};

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, unknown>>;
}

/** @returns each dependency of `manifest` that the table does not allow */
function violations(manifest: Manifest): string[] {
  const allowed = MAY_IMPORT[manifest.name.replace('@murmuration/', '')];
  if (allowed === undefined) return [`${manifest.name} is not in the table`];
  return Object.keys(manifest.dependencies ?? {})
    .filter((name) => name.startsWith('@murmuration/') && !allowed.includes(name.replace('@murmuration/', '')))
    .map((name) => `${manifest.name} depends on ${name}`);
}

/** What the linter prints of `source`, were it `file` of a house with the same rules and manifests. */
function lintAs(file: string, source: string): string {
  const house = mkdtempSync(path.join(tmpdir(), 'murmur-house-'));
  try {
    const rules = JSON.parse(readFileSync(path.join(root, 'biome.json'), 'utf8'));
    writeFileSync(path.join(house, 'biome.json'), JSON.stringify({ ...rules, vcs: { enabled: false } }));
    cpSync(path.join(root, 'scripts/lint'), path.join(house, 'scripts/lint'), { recursive: true });
    const folder = path.dirname(path.dirname(file));
    mkdirSync(path.join(house, path.dirname(file)), { recursive: true });
    cpSync(path.join(root, folder, 'package.json'), path.join(house, folder, 'package.json'));
    writeFileSync(path.join(house, file), source);
    const binary = path.join(root, `node_modules/@biomejs/cli-${process.platform}-${process.arch}/biome`);
    const done = spawnSync(binary, ['lint', '--max-diagnostics=50', '.'], { cwd: house, encoding: 'utf8' });
    return done.stdout + done.stderr;
  } finally {
    rmSync(house, { recursive: true, force: true });
  }
}

const packages = readdirSync(path.join(root, 'packages')).filter((name) =>
  existsSync(path.join(root, 'packages', name, 'package.json')),
);

describe('the import table', () => {
  test.each(packages)('%s depends only on what lies below it, has one door and a README', (name) => {
    const manifest: Manifest = JSON.parse(readFileSync(path.join(root, 'packages', name, 'package.json'), 'utf8'));
    expect(manifest.name).toBe(`@murmuration/${name}`);
    expect(violations(manifest)).toEqual([]);
    expect(Object.keys(manifest.exports ?? {}).filter((door) => door !== '.')).toEqual([]);
    expect(existsSync(path.join(root, 'packages', name, 'README.md'))).toBe(true);
  });

  test('a planted dependency upwards is caught', () => {
    const planted = { name: '@murmuration/core', dependencies: { '@murmuration/node': '0.1.0' } };
    expect(violations(planted)).toEqual(['@murmuration/core depends on @murmuration/node']);
  });
});

describe('the linter holds pure packages to their ports', () => {
  const PLANTED = [
    ["import { readFileSync } from 'node:fs';\nexport const x = readFileSync;", 'Pure packages touch no platform'],
    ["import { createHost } from '@murmuration/comm';\nexport const x = createHost;", 'noUndeclaredDependencies'],
    ["import { x } from '@murmuration/crypto/src/hash.ts';\nexport const y = x;", 'A package has one door'],
    ['export const x = Date.now();', 'Time and chance are arguments'],
    ['export const x = new Date();', 'Time and chance are arguments'],
    ['export const x = Math.random();', 'Time and chance are arguments'],
    ['export const x = performance.now();', 'Take a Clock'],
    ['export const x = setTimeout(() => {}, 1);', 'Take a Clock'],
    ['export const x = crypto.getRandomValues(new Uint8Array(1));', 'take Entropy'],
  ] as const;

  test.each(PLANTED)('a planted violation is caught: %s', (source, message) => {
    expect(lintAs('packages/consensus/src/planted.ts', source)).toContain(message);
  });

  test('the same lines pass where they belong', () => {
    const source = "import { readFileSync } from 'node:fs';\nexport const x = [Date.now(), readFileSync];";
    const printed = lintAs('packages/node/src/planted.ts', source);
    expect(printed).not.toContain('Pure packages touch no platform');
    expect(printed).not.toContain('Time and chance');
  });
});
