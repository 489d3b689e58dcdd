import { MurmurError } from '@murmuration/core';
import type { Command } from 'commander';
import { bold, dim, green, red, yellow } from '../terminal/style.ts';
import { pad } from '../terminal/table.ts';

export function registerDoctor(program: Command): void {
  program
    .command('doctor')
    .description('check what this machine offers a device')
    .option('--home <folder>', 'home of a device: its keys, and the disk that is measured; else this folder')
    .option('--port <number>', 'port to try for the dashboard', '8000')
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      `
Examples
  murmur doctor
  murmur doctor --home /var/lib/murmur --json

Exits with 5 where a check failed; a warning alone exits with 0.`,
    )
    .action(async (options: { home?: string; port: string; json?: boolean }) => {
      const { examine } = await import('../doctor/examine.ts');
      const { loadConfig } = await import('@murmuration/node');
      const { home = '.', port } = options;
      const { config } = loadConfig({ env: process.env, flags: { 'device.home': options.home } });
      const checks = await examine({ home, device: config['device.home'], port: Number(port) });
      if (options.json) process.stdout.write(`${JSON.stringify({ checks })}\n`);
      else print(checks);
      const failed = checks.filter((check) => check.state === 'failed').map((check) => check.name);
      if (failed.length > 0) {
        throw new MurmurError({
          code: 'NODE_UNFIT_MACHINE',
          message: `this machine cannot run a device: ${failed.join(', ')}`,
          remedy: 'mend the lines marked ✗ above and run murmur doctor again',
        });
      }
    });
}

const MARK = { ok: green('✓'), warning: yellow('!'), failed: red('✗') };

function print(checks: readonly import('../doctor/examine.ts').Check[]): void {
  const width = Math.max(...checks.map((check) => check.name.length));
  for (const { name, state, found, advice } of checks) {
    console.log(
      `  ${MARK[state]} ${bold(pad(name, width))}  ${found}${advice === undefined ? '' : dim(`  (${advice})`)}`,
    );
  }
}
