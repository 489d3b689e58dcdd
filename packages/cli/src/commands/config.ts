import type { Command } from 'commander';
import { bold, dim } from '../terminal/style.ts';
import { table } from '../terminal/table.ts';
import { printJson, printLines } from './shared.ts';

export function registerConfig(program: Command): void {
  const config = program.command('config').description('the configuration: defaults < file < environment < flags');
  config
    .command('print')
    .description('every key with its value and where the value came from')
    .option('-c, --config <file>', 'TOML, YAML or JSON, by extension')
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      `
Environment variables are MURMUR_ and the key, with __ for the dot: MURMUR_GATEWAY__PORT=9000.

Examples
  murmur config print
  murmur config print --config swarm.toml --json`,
    )
    .action(async (options: { config?: string; json?: boolean }) => {
      const { loadConfig } = await import('@murmuration/node');
      const { entries } = loadConfig({
        env: process.env,
        ...(options.config === undefined ? {} : { file: options.config }),
      });
      if (options.json) return printJson({ entries });
      const rows = entries.map(({ key, value, origin, about }) => [bold(key), show(value), origin, dim(about)]);
      printLines(table([{ title: 'key' }, { title: 'value' }, { title: 'origin' }, { title: 'about' }], rows));
    });
}

function show(value: string | number | readonly string[]): string {
  return typeof value === 'object' ? value.join(', ') || '–' : String(value);
}
