/**
 * `npm run sim -- --list`, `npm run sim -- NAME --seeds N [--from SEED] [--workers N] [--json]`. A simulation is a
 * file `simulations/NAME.ts` that exports `run()`; each failing seed is printed with the command that replays it and,
 * where the simulation can shrink it, the few steps that it needs: `npm run sim -- NAME --schedule FILE` plays those.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { nearest } from '@murmuration/core';
import type { Row } from '../bench/rows.ts';
import { printRows } from '../bench/rows.ts';

export interface Report {
  readonly name: string;
  readonly seeds: number;
  readonly failures: readonly {
    readonly seed: number;
    readonly reason: string;
    readonly replay: string;
    readonly steps?: readonly string[];
  }[];
  readonly rows: readonly Row[];
  /** The same for the same seeds, on any machine, for any number of workers. */
  readonly hash?: string;
}

interface Simulation {
  run(options: { seeds: number; firstSeed: number; workers: number }): Promise<Report>;
  /** Plays a script that a failure was shrunk to. */
  replay?(script: unknown): Promise<Report>;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    list: { type: 'boolean' },
    json: { type: 'boolean' },
    seeds: { type: 'string', default: '10' },
    from: { type: 'string', default: '1' },
    workers: { type: 'string', default: '1' },
    schedule: { type: 'string' },
  },
});
const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.ts') && file !== 'main.ts')
  .map((file) => file.slice(0, -'.ts'.length))
  .sort();
const [name] = positionals;
const seeds = Number(values.seeds);
const firstSeed = Number(values.from);
const workers = Number(values.workers);

if (values.list || name === undefined) {
  console.log(names.join('\n'));
} else if (!names.includes(name)) {
  const meant = nearest(name, names);
  refuse(
    `no simulation "${name}"; ${meant === undefined ? `there are ${names.join(', ')}` : `did you mean "${meant}"?`}`,
  );
} else if (!Number.isSafeInteger(seeds) || seeds < 1 || !Number.isSafeInteger(firstSeed)) {
  refuse('--seeds takes a whole number from 1, --from a whole number');
} else if (!Number.isSafeInteger(workers) || workers < 1 || workers > 64) {
  refuse('--workers takes a whole number from 1 to 64');
} else {
  const simulation: Simulation = await import(`./${name}.ts`);
  if (values.schedule === undefined) print(await simulation.run({ seeds, firstSeed, workers }));
  else if (simulation.replay === undefined) refuse(`${name} plays no schedules`);
  else print(await simulation.replay(readSchedule(values.schedule)));
}

/** JSON, or the name of a file of it. */
function readSchedule(given: string): unknown {
  return JSON.parse(given.startsWith('{') ? given : readFileSync(given, 'utf8'));
}

function print(report: Report): void {
  if (values.json) {
    console.log(JSON.stringify(report));
  } else {
    if (report.rows.length > 0) printRows(report.name, `${report.seeds} seeds from ${firstSeed}`, report.rows);
    if (report.hash !== undefined && report.hash !== '') console.log(`\n  trace ${report.hash}`);
    for (const { seed, reason, replay, steps = [] } of report.failures) {
      console.log([`\n  seed ${seed}: ${reason}`, replay, ...steps].join('\n    '));
    }
  }
  process.exitCode = report.failures.length === 0 ? 0 : 1;
}

function refuse(what: string): void {
  console.error(what);
  process.exitCode = 2;
}
