import type { Command } from 'commander';
import type { UpOptions } from '../up/options.ts';
import { decimal, wholeNumber } from './shared.ts';

export function registerUp(program: Command): void {
  program
    .command('up')
    .description('start a swarm on this machine, train among liars, and serve it until Ctrl-C')
    .option('--devices <number>', 'device processes, 4 to 31', wholeNumber(4, 31))
    .option('--data <source>', 'names, digits, idx:FOLDER or csv:FILE')
    .option('--rounds <number>', 'rounds to train', wholeNumber(1, 1000))
    .option('--strategy <rule>', 'how updates are combined')
    .option('--alpha <number>', 'Dirichlet concentration of the split; small is more unequal', decimal(0.01, 1000))
    .option('--seed <number>', 'seed of split, first model and batches', wholeNumber(0, 2 ** 32 - 1))
    .option('--liars <list>', 'behaviours to plant in the last devices, with commas; "none" plants none')
    .option('--port <number>', 'port of the dashboard and API; 0 picks a free one', wholeNumber(0, 65535))
    .option('--folder <folder>', 'where runs are kept')
    .option('--fresh', 'begin a new run, also where the last one was interrupted')
    .option('--once', 'stop after the training and its summary')
    .option('--no-controls', 'skip the two comparison runs: no liars, and plain mean with liars')
    .option('--json', 'print the summary as one JSON object on the last line; progress goes to standard error')
    .option('-c, --config <file>', 'TOML, YAML or JSON, by extension')
    .addHelpText(
      'after',
      `
An interrupted run is resumed where it was; a finished one is kept and the next start begins another.

Examples
  murmur up                                    seven devices, two liars, language names
  murmur up --once --json | tail -n 1 | jq .accuracy
  murmur up --data digits --rounds 10 --liars none
  murmur up --liars inner-product-manipulation,equivocate --strategy cge`,
    )
    .action(async (options: UpOptions) => {
      const { up } = await import('../up/up.ts');
      await up(options);
    });
}
