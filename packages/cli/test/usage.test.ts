import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

const MAIN = path.join(import.meta.dirname, '../src/main.ts');
const folder = mkdtempSync(path.join(tmpdir(), 'murmur-cli-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function murmur(...args: string[]) {
  const done = spawnSync(process.execPath, ['--conditions=murmuration-src', MAIN, ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', MURMUR_URL: 'http://127.0.0.1:9' },
  });
  return { code: done.status, out: done.stdout, err: done.stderr };
}

const COMMANDS = [
  'up',
  'node',
  'train',
  'status',
  'devices',
  'rounds',
  'ledger tail',
  'ledger verify',
  'evidence show',
  'evidence verify',
  'privacy plan',
  'privacy verify',
  'privacy budget show',
  'privacy budget open',
  'privacy budget charge',
  'keys new',
  'keys backup',
];

describe('every command explains itself', () => {
  test.each([...COMMANDS, 'doctor', 'config print', 'completion'])('murmur %s --help has examples', (command) => {
    const { code, out } = murmur(...command.split(' '), '--help');
    expect(code).toBe(0);
    expect(out).toContain('Examples');
    expect(out).toContain(`murmur ${command}`);
    if (COMMANDS.includes(command)) expect(out).toContain('--json');
  });

  test('the top lists the exit codes', () => {
    expect(murmur('--help').out).toContain('Exit codes');
  });
});

describe('a mistake gets a code, a remedy and an exit code', () => {
  test.each([
    [['stauts'], 2, 'CLI_UNKNOWN_COMMAND', 'did you mean status?'],
    [['up', '--rouns', '3'], 2, 'CLI_UNKNOWN_OPTION', 'did you mean --rounds?'],
    [['train', '--rounds', 'many'], 2, 'CLI_USAGE', 'whole number from 1 to 1000'],
    [['up', '--alpha', '-1'], 2, 'CLI_USAGE', 'number from 0.01 to 1000'],
    [['privacy', 'plan', '--epsilon', '0'], 2, 'CLI_USAGE', '--epsilon takes no "0"'],
    [['completion', 'tcsh'], 2, 'CLI_UNKNOWN_SHELL', 'bash, zsh, fish'],
    [['evidence', 'verify', 'nothing-here'], 2, 'CLI_NO_SUCH_BUNDLE', 'evidence show'],
    [['status'], 3, 'GATEWAY_UNREACHABLE', 'murmur up'],
    [['status', '--url', 'nonsense'], 3, 'GATEWAY_ADDRESS_INVALID', 'http://'],
  ] as const)('murmur %j exits with %i: %s', (args, code, name, remedy) => {
    const done = murmur(...args);
    expect(done.code).toBe(code);
    expect(done.err).toContain(name);
    expect(done.err).toContain(remedy);
    expect(done.out).toBe('');
  });

  test.each([['privacy'], ['keys'], ['ledger']])(
    'murmur %s without its command prints help and is wrong usage',
    (word) => {
      const done = murmur(word);
      expect(done.code).toBe(2);
      expect(done.out + done.err).toContain('Commands:');
    },
  );

  test('--json reports the error as one object', () => {
    const { code, err } = murmur('status', '--json');
    expect(code).toBe(3);
    expect(JSON.parse(err).error).toMatchObject({ code: 'GATEWAY_UNREACHABLE' });
  });

  test('an unknown configuration key is named with the nearest one', () => {
    writeFileSync(path.join(folder, 'bad.toml'), '[gateway]\nprot = 3\n');
    const { code, err } = murmur('config', 'print', '--config', 'bad.toml');
    expect(code).toBe(2);
    expect(err).toContain('gateway.prot');
    expect(err).toContain('did you mean "gateway.port"?');
  });

  test('a port in use is found before any device starts', async () => {
    const server = createServer();
    const { promise, resolve } = Promise.withResolvers<void>();
    server.listen(0, '127.0.0.1', resolve);
    await promise;
    const { port } = server.address() as { port: number };
    const { code, err } = murmur('up', '--port', String(port), '--folder', path.join(folder, 'swarm'));
    server.close();
    expect(code).toBe(5);
    expect(err).toContain('PORT_IN_USE');
    expect(err).toContain('--port 0');
  });

  test('bad data is found before any device starts, its row and column named', () => {
    writeFileSync(path.join(folder, 'bad.csv'), 'a,b,label\n1,2,x\n3,oops,y\n');
    const { code, err } = murmur('up', '--data', 'csv:bad.csv', '--port', '0', '--folder', path.join(folder, 'none'));
    expect(code).toBe(2);
    expect(err).toContain('DATA_CSV_CELL');
    expect(err).toContain('line 3, column 2 ("b")');
  });

  test('a bundle that is none proves nothing', () => {
    writeFileSync(path.join(folder, 'noise.murmur'), new Uint8Array(300).fill(0x91));
    const { code, err } = murmur('evidence', 'verify', 'noise.murmur');
    expect(code).toBe(4);
    expect(err).toContain('EVIDENCE_NOT_PROVEN');
  });
});

test('config print names the origin of each value', () => {
  writeFileSync(path.join(folder, 'good.yaml'), 'job:\n  rounds: 3\n');
  const { entries } = JSON.parse(murmur('config', 'print', '--config', 'good.yaml', '--json').out);
  const origin = (key: string) => entries.find((entry: { key: string }) => entry.key === key)?.origin;
  expect(origin('job.rounds')).toBe('file good.yaml');
  expect(origin('gateway.port')).toBe('default');
});

test('bash completes commands, subcommands and options', () => {
  writeFileSync(path.join(folder, 'completion.bash'), murmur('completion', 'bash').out);
  const complete = (words: string) =>
    spawnSync(
      'bash',
      [
        '-c',
        `source completion.bash; COMP_WORDS=(${words} ''); COMP_CWORD=$((\${#COMP_WORDS[@]}-1)); _murmur; echo "\${COMPREPLY[*]}"`,
      ],
      { cwd: folder, encoding: 'utf8' },
    ).stdout;
  expect(complete('murmur')).toContain('evidence');
  expect(complete('murmur evidence')).toContain('verify');
  expect(complete('murmur up')).toContain('--liars');
});
