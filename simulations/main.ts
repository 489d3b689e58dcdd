/**
 * `npm run sim -- --list`, `npm run sim -- NAME --seeds N [--from SEED] [--json]`. A simulation is a file
 * `simulations/NAME.ts` that exports `run()`; each failing seed is printed with the command that replays it.
 */
import { readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { nearest } from '@murmuration/core';
import type { Row } from '../bench/rows.ts';
import { printRows } from '../bench/rows.ts';

export interface Report {
  readonly name: string;
  readonly seeds: number;
  readonly failures: readonly { readonly seed: number; readonly reason: string; readonly replay: string }[];
  readonly rows: readonly Row[];
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    list: { type: 'boolean' },
    json: { type: 'boolean' },
    seeds: { type: 'string', default: '10' },
    from: { type: 'string', default: '1' },
  },
});
const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.ts') && file !== 'main.ts')
  .map((file) => file.slice(0, -'.ts'.length))
  .sort();
const [name] = positionals;
const seeds = Number(values.seeds);
const firstSeed = Number(values.from);

if (values.list || name === undefined) {
  console.log(names.join('\n'));
} else if (!names.includes(name)) {
  const meant = nearest(name, names);
  refuse(
    `no simulation "${name}"; ${meant === undefined ? `there are ${names.join(', ')}` : `did you mean "${meant}"?`}`,
  );
} else if (!Number.isSafeInteger(seeds) || seeds < 1 || !Number.isSafeInteger(firstSeed)) {
  refuse('--seeds takes a whole number from 1, --from a whole number');
} else {
  const { run }: { run: (options: { seeds: number; firstSeed: number }) => Promise<Report> } = await import(
    `./${name}.ts`
  );
  const report = await run({ seeds, firstSeed });
  if (values.json) {
    console.log(JSON.stringify(report));
  } else {
    printRows(report.name, `${report.seeds} seeds from ${firstSeed}`, report.rows);
    for (const { seed, reason, replay } of report.failures) console.log(`\n  seed ${seed}: ${reason}\n    ${replay}`);
  }
  process.exitCode = report.failures.length === 0 ? 0 : 1;
}

function refuse(what: string): void {
  console.error(what);
  process.exitCode = 2;
}
