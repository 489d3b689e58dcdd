#!/usr/bin/env node
/**
 * `npm run models [-- --deep]`: checks the SPIN models of specs/consensus/models, each in all its states, and that
 * each is refuted where a quorum is one short or a rule is dropped. Where spin or a C compiler is missing it says so
 * and ends well.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MODELS = join(import.meta.dirname, '..', 'specs', 'consensus', 'models');
/** The search of a model ends in far less; a machine that swaps does not hold up the rest. */
const MAX_SEARCH_MS = 600_000;
const MAX_MEMORY_MB = 2048;

/** [model, definitions]. `DEEP` ones take a minute more together. */
const SAFE = [
  ['pbft', '-DBYZ=0'],
  ['pbft', '-DBYZ=1'],
  ['pbft', '-DBYZ=3'],
  ['raft', '-DTERMS=4'],
  ['reconfiguration', ''],
  ['reconfiguration', '-DLATE -DOUTS=2'],
];
const DEEP = [
  ['pbft', '-DBYZ=2'],
  ['raft', '-DTERMS=4 -DLENGTH=3'],
];
const REFUTED = [
  ['pbft', '-DWEAK -DBYZ=0'],
  ['pbft', '-DWEAK -DBYZ=3'],
  ['pbft', '-DWEAK_CARRY'],
  ['pbft', '-DWEAK_ORDER'],
  ['raft', '-DWEAK'],
  ['raft', '-DWEAK_MEMORY'],
  ['raft', '-DWEAK_LOG'],
  ['raft', '-DWEAK_COUNT -DTERMS=4'],
  ['reconfiguration', '-DWEAK'],
  ['reconfiguration', '-DWEAK_LOOKAHEAD'],
  ['reconfiguration', '-DWEAK_REMOVAL'],
];

const has = (tool, flag) => spawnSync(tool, [flag], { stdio: 'ignore' }).error === undefined;
const compiler = ['cc', 'gcc', 'clang'].find((name) => has(name, '--version'));
if (!has('spin', '-V')) skip('there is no spin here (on Debian: apt-get install spin)');
else if (compiler === undefined) skip('there is no C compiler here');
else checkAll(process.argv.includes('--deep'));

function skip(why) {
  console.log(`the models of specs/consensus were not checked: ${why}`);
}

function checkAll(deep) {
  const safe = deep ? [...SAFE, ...DEEP] : SAFE;
  const cases = [
    ...safe.map(([model, flags]) => ({ model, flags, expected: 'safe' })),
    ...REFUTED.map(([model, flags]) => ({ model, flags, expected: 'refuted' })),
  ];
  let wrong = 0;
  for (const one of cases) {
    const { verdict, states, seconds } = check(one);
    const holds = verdict === one.expected;
    if (!holds) wrong += 1;
    const name = `${one.model}.pml ${one.flags}`.trim().padEnd(40);
    const count = states === undefined ? '' : `${Number(states).toLocaleString('en')} states`.padStart(19);
    console.log(`${holds ? 'ok  ' : 'BAD '}${name}${count}  ${seconds.toFixed(1).padStart(5)} s  ${verdict}`);
    if (!holds) console.log(`    expected: ${one.expected}`);
  }
  console.log(`${cases.length - wrong} of ${cases.length} models as expected`);
  process.exitCode = wrong === 0 ? 0 : 1;
}

/** @returns `safe` where every state was visited and none is bad, `refuted` where one is, else what went wrong */
function check({ model, flags, expected }) {
  const folder = mkdtempSync(join(tmpdir(), 'murmur-model-'));
  try {
    const definitions = flags.split(' ').filter(Boolean);
    const made = run('spin', ['-a', ...definitions, join(MODELS, `${model}.pml`)], folder);
    if (made.status !== 0) return { verdict: `spin failed: ${made.output}`, seconds: 0 };
    const optimise = expected === 'safe' ? '-O2' : '-O1';
    const build = [optimise, '-w', '-DSAFETY', '-DNOFAIR', `-DMEMLIM=${MAX_MEMORY_MB}`, '-o', 'pan', 'pan.c'];
    const built = run(compiler, build, folder);
    if (built.status !== 0) return { verdict: `the compiler failed: ${built.output}`, seconds: 0 };
    const started = performance.now();
    const { output } = run('./pan', ['-E', '-n', '-m100000'], folder);
    return {
      verdict: judge(output),
      states: /(\d+) states, stored/.exec(output)?.[1],
      seconds: (performance.now() - started) / 1000,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function judge(output) {
  if (/assertion violated/.test(output)) return 'refuted';
  if (/search depth too small|out of memory|memory limit|not completed/.test(output)) return 'not exhaustive';
  return /errors: 0\n/.test(output) ? 'safe' : `no result: ${output.slice(0, 400)}`;
}

function run(tool, args, cwd) {
  const options = { cwd, encoding: 'utf8', timeout: MAX_SEARCH_MS, maxBuffer: 16 * 1024 * 1024 };
  const { status, stdout, stderr, error } = spawnSync(tool, args, options);
  return { status, output: `${stdout ?? ''}${stderr ?? ''}${error === undefined ? '' : error.message}` };
}
