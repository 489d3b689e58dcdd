/**
 * `npm run bench -- --list`, `npm run bench -- NAME [--json]`. A benchmark is a folder `bench/NAME/` whose
 * `index.ts` exports `run()`; its last printed line under `--json` is one JSON object.
 */
import { readdirSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { nearest } from '@murmuration/core';
import type { Row } from './rows.ts';
import { printRows } from './rows.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { list: { type: 'boolean' }, json: { type: 'boolean' } },
});
const names = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)
  .sort();
const [name] = positionals;

if (values.list || name === undefined) {
  console.log(names.join('\n'));
} else if (!names.includes(name)) {
  const meant = nearest(name, names);
  console.error(
    `no benchmark "${name}"; ${meant === undefined ? `there are ${names.join(', ')}` : `did you mean "${meant}"?`}`,
  );
  process.exitCode = 2;
} else {
  const { run }: { run: () => Promise<readonly Row[]> } = await import(`./${name}/index.ts`);
  const rows = await run();
  if (values.json) console.log(JSON.stringify({ name, machine: machine(), rows }));
  else printRows(name, machine(), rows);
}

function machine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  const gib = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} x ${model}, ${gib} GiB, Node ${process.versions.node}, ${process.platform}-${process.arch}`;
}
