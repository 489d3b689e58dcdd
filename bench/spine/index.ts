import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { run as benchLearning } from '../learning/index.ts';
import type { Row } from '../rows.ts';

export const name = 'spine';

/** What `murmur up --once --json` prints last. */
interface Summary {
  readonly rounds: number;
  readonly accuracy: number;
  readonly accuracyNoLiars: number;
  readonly accuracyPlainMean: number;
  readonly secondsToFirstRound: number;
  readonly secondsTotal: number;
  readonly quarantined: readonly { readonly behaviour: string | null; readonly detectionMs: number | null }[];
  readonly wronglyQuarantined: number;
  readonly commitLatencyMs: { readonly p50: number; readonly p99: number };
  readonly rssMbPerDevice: { readonly median: number; readonly max: number };
}

/** The whole demo as a newcomer runs it, in seven processes, and training beside the bare graph. */
export async function run(): Promise<readonly Row[]> {
  const { summary, progress } = await runDemo();
  const training = (await benchLearning()).filter(({ what }) => what.includes('names'));
  return [
    ...learningRows(summary),
    ...quarantineRows(summary, progress),
    ...timeRows(summary),
    ...training,
    ...resourceRows(summary),
  ];
}

function learningRows({ accuracy, accuracyNoLiars, accuracyPlainMean }: Summary): Row[] {
  const ratio = accuracy / accuracyNoLiars;
  const plain = accuracyPlainMean / accuracyNoLiars;
  return [
    row('accuracy with two liars', accuracy, 'share', 'held-back strings', '≥ 0.70', accuracy >= 0.7),
    row('of the accuracy without liars', ratio, 'ratio', 'same plan without liars', '≥ 0.95', ratio >= 0.95),
    row('plain mean with the same liars', plain, 'ratio', 'same plan without liars', '≤ 0.5', plain <= 0.5),
  ];
}

function quarantineRows({ quarantined, wronglyQuarantined, rounds }: Summary, progress: string): Row[] {
  const equivocator = quarantined.find(({ behaviour }) => behaviour === 'equivocate');
  const detectionMs = equivocator?.detectionMs ?? Number.POSITIVE_INFINITY;
  // The demo prints quarantines and rounds in the order in which they happened.
  const poisonerAt = progress.indexOf('quarantined: poisoned-updates');
  const lastRoundAt = progress.search(new RegExp(`^ +${rounds} `, 'm'));
  const caught = Number(poisonerAt >= 0 && poisonerAt < lastRoundAt);
  return [
    row('equivocator quarantined after', detectionMs, 'ms', 'its second message', '< 5000', detectionMs < 5000),
    row('poisoner quarantined before the last round', caught, 'of 1', 'the job', '= 1', caught === 1),
    row(
      'honest devices quarantined',
      wronglyQuarantined,
      'devices',
      'five honest ones',
      '= 0',
      wronglyQuarantined === 0,
    ),
  ];
}

function timeRows({ secondsToFirstRound, secondsTotal, commitLatencyMs: { p50, p99 } }: Summary): Row[] {
  return [
    row('first round', secondsToFirstRound, 's', 'the start of the command', '≤ 15', secondsToFirstRound <= 15),
    row('all done', secondsTotal, 's', 'the start of the command', '≤ 120', secondsTotal <= 120),
    row('commit p50 while training', p50, 'ms', 'submission of the command', '< 150', p50 < 150),
    row('commit p99 while training', p99, 'ms', 'submission of the command', '< 1000', p99 < 1000),
  ];
}

function resourceRows({ rssMbPerDevice: { median, max } }: Summary): Row[] {
  return [
    row('resident memory of a device, median', median, 'MB', 'seven processes', '≤ 200', median <= 200),
    row('resident memory of a device, largest', max, 'MB', 'seven processes', '≤ 200', max <= 200),
  ];
}

function row(what: string, value: number, unit: string, against: string, bar: string, holds: boolean): Row {
  return { what, value, unit, against, bar, holds };
}

function runDemo(): Promise<{ summary: Summary; progress: string }> {
  const folder = mkdtempSync(path.join(tmpdir(), 'murmur-bench-'));
  const main = path.join(import.meta.dirname, '../../packages/cli/src/main.ts');
  const args = ['--conditions=murmuration-src', main, 'up', '--once', '--json', '--port', '0', '--folder', folder];
  const { promise, resolve, reject } = Promise.withResolvers<{ summary: Summary; progress: string }>();
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  let progress = '';
  child.stderr.on('data', (chunk: Buffer) => {
    progress += chunk.toString();
    process.stderr.write(chunk);
  });
  child.stdout.on('data', (chunk: Buffer) => {
    printed += chunk.toString();
  });
  child.on('close', (code) => {
    rmSync(folder, { recursive: true, force: true });
    if (code === 0) resolve({ summary: JSON.parse(printed.trim().split('\n').at(-1) ?? ''), progress });
    else reject(new Error(`the demo ended with ${code}`));
  });
  return promise;
}
