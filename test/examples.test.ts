import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';

const root = path.join(import.meta.dirname, '..');
const folder = path.join(root, 'examples');

/** A line of each example's output that is there only if what it shows came out as it says. */
const SAYS: Readonly<Record<string, RegExp>> = {
  'ckks-statistics': /refused: PRIVACY_BUDGET_EXHAUSTED, before[\s\S]*4000 risk scores .* largest error \d\.\de-[89]\n/,
  'custom-circuit':
    /172 cm, 70 kg.*\n +\d+ bytes; one bit changed: refused \(false-proof\); as it is: holds; again: refused \(nullifier-used\)\n172 cm, 95 kg.*\n +no proof: body-mass-index: the index is 30 or more/,
  'key-backup': /wrong passphrase: +wrong-passphrase\n +one bit damaged: +damaged[\s\S]*shares 5, 2, 4: +restored/,
  'post-quantum':
    /verifies: yes\n +Ed25519 half forged: +no\n +ML-DSA-65 half forged: +no\n +halves of two keys: +no[\s\S]*same secret: yes\n +X25519 half changed: +no\n +ML-KEM-768 half changed: +no\n +for another purpose: +no\n.*opens: yes[\s\S]*agree: yes\n/,
  'privacy-accountant':
    /Rényi accounting, as a running budget charges +epsilon 2\.5966\n +privacy loss .* epsilon 2\.381\d\n[\s\S]*epsilon 3: kept\n[\s\S]*epsilon 2: refused \(epsilon-exceeded/,
  'private-histogram':
    /costs epsilon 0\.5\n[\s\S]*epsilon left 0\.5 of 1\n\n.* scale 2 is of scale 2: not refuted\n.* scale 2\.1 is of scale 2: refuted\n/,
  'private-mean': /report 4: refused, [\s\S]*debits 3, spent 1\.941 of 2: the refused report cost nothing/,
  'private-training': /step 60: accuracy (8|9)\d\.\d %[\s\S]*ledger: 60 debits, epsilon (2\.0000|1\.99\d\d) of 2 /,
  'robust-groups':
    /bears 2 poisoners\n(?: +group \d: .*\n){6}mean +is 0\.\d\d away .*\nmedian +is 0\.\d\d away .*\nnnm-trimmed-mean +is 0\.\d\d away/,
  'secure-aggregation':
    /server: refuses what gus sent: wrong-length[\s\S]*in the sum: ada, ben, cleo, eve, fay, hal\ndropped out: dan; refused as too large: gus\nnumbers out of range: 0\n[\s\S]*plain one by (19|2\d)\.\d steps/,
  'threshold-signature': /verification says true\n[\s\S]*of whom 2 cheats: bad-share, named: 2\n/,
  'verifiable-lottery': /the least output wins: \w+\n[\s\S]*one bit of a ticket changed: refused/,
  'zero-knowledge':
    /^(?:\S+: .*\n.*\n +one bit changed: refused \(false-proof\)\n +as it is: +holds\n +once more: +refused \(nullifier-used\)\n +an epoch later: +refused \(wrong-epoch\)\n\n){4}$/,
};

test.each(Object.entries(SAYS))('%s runs and says what it shows', { timeout: 300_000 }, async (name, says) => {
  const { code, output } = await run(name);
  expect(output).toMatch(says);
  expect(code).toBe(0);
});

test('each example is run and listed', () => {
  const examples = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const readme = readFileSync(path.join(folder, 'README.md'), 'utf8');
  expect(examples.map(({ name }) => name).sort()).toEqual(Object.keys(SAYS).sort());
  for (const { name } of examples) expect(readme).toContain(`[${name}](${name})`);
});

test('an example that fails is noticed', async () => {
  const { code } = await run('no-such-example');
  expect(code).not.toBe(0);
});

test('each example has a README with the command that runs it', () => {
  for (const { name } of readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
    const readme = readFileSync(path.join(folder, name, 'README.md'), 'utf8');
    expect(readme, name).toContain(`node --conditions=murmuration-src examples/${name}/index.ts`);
  }
});

async function run(name: string): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = spawn(process.execPath, ['--conditions=murmuration-src', path.join('examples', name, 'index.ts')], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: code as number | null, output: output + errors };
}
