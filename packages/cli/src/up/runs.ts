import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { OpenJobRequest } from '@murmuration/node';

/** Left in a run's folder once its training and summary are done. */
const SUMMARY = 'summary.json';
/** What the run's job was opened with. */
const JOB = 'job.json';

export interface Run {
  readonly folder: string;
  /** From 1. */
  readonly number: number;
  /** It was interrupted: its swarm goes on where it was. */
  readonly resumed: boolean;
}

/** The run to go on with: the last one where it was interrupted, else a new one beside it. Nothing is deleted. */
export function chooseRun(folder: string, fresh: boolean): Run {
  const numbers = existsSync(folder)
    ? readdirSync(folder).flatMap((name) => (/^run-\d+$/.test(name) ? [Number(name.slice('run-'.length))] : []))
    : [];
  const last = Math.max(0, ...numbers);
  const place = (number: number) => path.join(folder, `run-${number}`);
  const interrupted = last > 0 && !existsSync(path.join(place(last), SUMMARY));
  if (interrupted && !fresh)
    return { folder: place(last), number: last, resumed: existsSync(path.join(place(last), 'swarm.json')) };
  return { folder: place(last + 1), number: last + 1, resumed: false };
}

export function keepSummary(run: Run, summary: object): void {
  writeFileSync(path.join(run.folder, SUMMARY), `${JSON.stringify(summary, null, 2)}\n`);
}

/** A resumed run keeps the job it was begun with, whatever the command line says now. */
export function jobOfRun(run: Run, wanted: OpenJobRequest): OpenJobRequest {
  const file = path.join(run.folder, JOB);
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(file, `${JSON.stringify(wanted, null, 2)}\n`);
  return wanted;
}
