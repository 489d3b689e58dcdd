import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';

const MAIN = path.join(import.meta.dirname, '../src/main.ts');
const folder = mkdtempSync(path.join(tmpdir(), 'murmur-privacy-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function murmur(...args: string[]) {
  const done = spawnSync(process.execPath, ['--conditions=murmuration-src', MAIN, 'privacy', ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
  return { code: done.status, out: done.stdout, err: done.stderr };
}

const ALL = ['--records', '1000', '--batch', '1000', '--delta', '1e-6'];

test('a plan is made, written, verified, and refused where it costs more', { timeout: 240_000 }, () => {
  const made = murmur('plan', ...ALL, '--steps', '10', '--epsilon', '1', '--out', 'plan.toml', '--devices', '100');
  expect(made.err).toBe('');
  expect(made.code).toBe(0);
  expect(made.out).toContain('data sets that differ by the presence of one record');
  expect(made.out).toContain('members that may drop out');
  expect(made.out).toContain('a guess about one record with even odds comes to 73.2 % at most; 1 chance in 1,000,000');
  expect(murmur('verify', 'plan.toml', '--epsilon', '1', '--delta', '1e-6').out).toContain('kept plan.toml');
  const refused = murmur('verify', 'plan.toml', '--epsilon', '0.5', '--delta', '1e-6', '--json');
  expect(refused.code).toBe(4);
  expect(JSON.parse(refused.err).error).toMatchObject({
    code: 'PRIVACY_NOT_KEPT',
    facts: { reason: 'epsilon-exceeded' },
  });
});

test('a budget is opened, charged, shown, and never overdrawn', { timeout: 240_000 }, () => {
  murmur('plan', ...ALL, '--steps', '1', '--noise', '5', '--out', 'one.toml');
  expect(murmur('budget', 'open', 'clinic/x', '--epsilon', '1.5', '--delta', '1e-6').code).toBe(0);
  const charge = () => murmur('budget', 'charge', 'clinic/x', '--plan', 'one.toml', '--purpose', 'mean', '--json');
  const first = charge();
  expect(JSON.parse(first.out).budgets).toMatchObject([{ owner: 'clinic', dataset: 'x', debits: 1 }]);
  let last = first;
  for (let i = 0; i < 5 && last.code === 0; i++) last = charge();
  expect(last.code).toBe(4);
  expect(last.err).toContain('PRIVACY_BUDGET_EXHAUSTED');
  const shown = JSON.parse(murmur('budget', 'show', '--json').out).budgets[0];
  expect(shown.spentEpsilon).toBeLessThanOrEqual(1.5);
  expect(shown.releasesLeft).toBe(0);
  const sheet = murmur('budget', 'show', 'clinic/x').out;
  expect(sheet).toContain('no release like the last fits any more');
  const kept = `${shown.debits}:${shown.digest}`;
  expect(sheet).toContain(kept);
  expect(murmur('budget', 'show', 'clinic/x', '--holds', kept).code).toBe(0);
  const other = murmur('budget', 'show', 'clinic/x', '--holds', `${shown.debits + 1}:${shown.digest}`);
  expect([other.code, other.err]).toEqual([5, expect.stringContaining('set back')]);
  expect(murmur('budget', 'history', 'clinic/x').out.match(/mean$/gm)).toHaveLength(shown.debits);
  expect(murmur('budget').out).toMatch(/^clinic\/x +1\.5 .* now$/m);
});

test('a plan of Poisson draws is charged by who draws, and by no command', { timeout: 240_000 }, () => {
  murmur(
    'plan',
    '--records',
    '1000',
    '--batch',
    '10',
    '--delta',
    '1e-6',
    '--steps',
    '2',
    '--noise',
    '5',
    '-o',
    'p.json',
  );
  expect(murmur('verify', 'p.json', '--epsilon', '1', '--delta', '1e-6').code).toBe(0);
  murmur('budget', 'open', 'clinic/y', '--epsilon', '1', '--delta', '1e-6');
  const refused = murmur('budget', 'charge', 'clinic/y', '--plan', 'p.json', '--purpose', 'x');
  expect([refused.code, refused.err]).toEqual([4, expect.stringContaining('PRIVACY_SAMPLING_NOT_EXECUTED')]);
  expect(murmur('budget', 'history', 'clinic/y').out).toContain('nothing was ever debited');
});

test('what --json answers is what the README says, field by field', { timeout: 240_000 }, () => {
  const readme = readFileSync(path.join(import.meta.dirname, '../README.md'), 'utf8');
  const fieldsOf = (command: string) => {
    const row = readme.split('\n').findLast((line) => line.startsWith(`| \`${command}\``)) ?? '';
    return [...(row.split('|')[2] as string).matchAll(/`(\w+)`/g)].map(([, name]) => name);
  };
  const holds = (command: string, answer: object) =>
    expect(fieldsOf(command), command).toEqual(expect.arrayContaining(Object.keys(answer)));
  holds('privacy plan', JSON.parse(murmur(...PLAN, '--noise', '5', '-o', 'q.toml', '--json').out));
  holds('privacy verify', JSON.parse(murmur('verify', 'q.toml', '--epsilon', '9', '--delta', '1e-6', '--json').out));
  murmur('budget', 'open', 'clinic/z', '--epsilon', '9', '--delta', '1e-6');
  const charged = murmur('budget', 'charge', 'clinic/z', '--plan', 'q.toml', '--purpose', 'x', '--json').out;
  holds('privacy budget show', { ...JSON.parse(charged), ...JSON.parse(charged).budgets[0] });
  const { debits, ...account } = JSON.parse(murmur('budget', 'history', 'clinic/z', '--json').out);
  holds('privacy budget history', { debits, ...account, ...debits[0] });
});

const PLAN = ['plan', ...ALL, '--steps', '1'];

test.each([
  [[...PLAN], 2, 'give --epsilon or --noise'],
  [[...PLAN, '--noise', '1', '--epsilon', '1'], 2, 'give --epsilon or --noise'],
  [['plan', ...ALL, '--noise', '1'], 2, 'give --steps or --epochs'],
  [[...PLAN, '--epsilon', '0'], 2, '--epsilon takes no "0"'],
  [[...PLAN, '--epsilon', 'NaN'], 2, '--epsilon takes no "NaN"'],
  [['plan', ...ALL, '--noise', '1', '--steps', '0'], 2, '--steps takes no "0"'],
  [[...PLAN, '--noise', '1', '--delta', '1'], 2, '--delta takes no "1"'],
  [[...PLAN, '--noise', '1', '--batch', '1001'], 2, '--batch 1001 is more than --records 1000'],
  [[...PLAN, '--noise', '1', '--colluders', '1'], 2, 'nothing without --devices'],
  [[...PLAN, '--noise', '1', '--devices', '7', '--colluders', '4'], 2, 'keeps two honest members'],
  [[...PLAN, '--noise', '1', '--out', 'no/such/folder.toml'], 2, 'cannot be written'],
  [['budget', 'show', 'clinic'], 2, 'owner/dataset'],
  [['budget', 'show', 'clinic/x', '--holds', '3'], 2, 'entry:digest'],
  [['budget', 'shwo'], 2, 'neither an account nor a command'],
  [['budget', 'show', '--file', '.'], 2, 'is a folder'],
  [['budget', 'open', 'a/b', '--epsilon', '1', '--delta', '1e-3', '--records', '1000'], 2, 'permits to publish one'],
  [['verify', 'none.toml', '--epsilon', '1', '--delta', '1e-6'], 2, 'cannot be read'],
  [['verify', '.', '--epsilon', '1', '--delta', '1e-6'], 2, 'cannot be read'],
] as const)('%j exits with %i and says what is wrong', { timeout: 60_000 }, (args, code, words) => {
  const done = murmur(...args);
  expect(done.err).toContain(words);
  expect([done.code, done.out]).toEqual([code, '']);
});

test('a plan that is none is named as such, with the part that is wrong', { timeout: 60_000 }, () => {
  writeFileSync(path.join(folder, 'bad.toml'), 'adjacency = "replace-one"\n[[events]]\nmechanism = {kind="gausian"}\n');
  const wrong = murmur('verify', 'bad.toml', '--epsilon', '1', '--delta', '1e-6');
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('did you mean gaussian?')]);
});
