import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';

const root = path.join(import.meta.dirname, '..');
const folder = path.join(root, 'docs/guides');
const guides = readdirSync(folder).filter((file) => file.endsWith('.md'));

test('what the guide shows of planning and verifying is what the commands print', { timeout: 300_000 }, async () => {
  const guide = readFileSync(path.join(folder, 'differential-privacy.md'), 'utf8');
  const shown = [...guide.matchAll(/^```\n\$ murmur (privacy (?:plan|verify) .*)\n([\s\S]*?)^```$/gm)];
  expect(shown.length).toBe(3);
  const scratch = mkdtempSync(path.join(tmpdir(), 'guide-'));
  try {
    for (const [, command = '', output] of shown) expect(await murmur(command.split(' '), scratch)).toBe(output);
  } finally {
    rmSync(scratch, { recursive: true });
  }
});

test('the threshold table in the guide is the one that the command prints', { timeout: 300_000 }, async () => {
  const guide = readFileSync(path.join(folder, 'secure-aggregation.md'), 'utf8');
  const shown = [...guide.matchAll(/^```\n\$ murmur (privacy plan .*)\n\.\.\.\n([\s\S]*?)^```$/gm)];
  expect(shown.length).toBe(1);
  for (const [, command = '', table = ''] of shown) {
    expect((await murmur(command.split(' '), tmpdir())).endsWith(table)).toBe(true);
  }
});

test.each(guides)('%s: every link leads to a file', (guide) => {
  const links = [...readFileSync(path.join(folder, guide), 'utf8').matchAll(/\]\((?!https?:)([^)#]+)/g)];
  for (const [, target = ''] of links) expect(existsSync(path.join(folder, target)), target).toBe(true);
});

test.each(guides)('%s: every example that it runs is there', (guide) => {
  const runs = [...readFileSync(path.join(folder, guide), 'utf8').matchAll(/examples\/[a-z-]+(?:\/index\.ts)?/g)];
  for (const [target] of runs) expect(existsSync(path.join(root, target)), target).toBe(true);
});

/** What a command prints, on both streams. */
async function murmur(options: readonly string[], cwd: string): Promise<string> {
  const main = path.join(root, 'packages/cli/src/main.ts');
  const child = spawn(process.execPath, ['--conditions=murmuration-src', main, ...options], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return output + errors;
}
