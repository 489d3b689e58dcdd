import type { OpenJobRequest } from '@murmuration/node';
import type { Command } from 'commander';
import { roundsScreen } from '../screens/rounds.ts';
import { green } from '../terminal/style.ts';
import {
  connect,
  decimal,
  printJson,
  printLines,
  type RemoteOptions,
  remote,
  untilInterrupted,
  wholeNumber,
} from './shared.ts';

interface Options extends RemoteOptions {
  readonly data: OpenJobRequest['data'];
  readonly rounds: number;
  readonly strategy: string;
  readonly alpha: number;
  readonly seed?: number;
  readonly job?: string;
  readonly watch?: boolean;
}

export function registerTrain(program: Command): void {
  remote(program.command('train'))
    .description('open a training job in a running swarm')
    .option('--data <source>', 'names, digits, idx:FOLDER or csv:FILE', 'names')
    .option('--rounds <number>', 'rounds to train', wholeNumber(1, 1000), 24)
    .option('--strategy <rule>', 'how updates are combined: nnm-trimmed-mean, cge, mean, …', 'nnm-trimmed-mean')
    .option('--alpha <number>', 'Dirichlet concentration of the split; small is more unequal', decimal(0.01, 1000), 0.5)
    .option('--seed <number>', 'seed of split, first model and batches', wholeNumber(0, 2 ** 32 - 1))
    .option('--job <id>', 'name of the job: a-z, 0-9 and hyphens')
    .option('--watch', 'print rounds until the job is finished')
    .addHelpText(
      'after',
      `
Examples
  murmur train --data names --rounds 24 --watch
  murmur train --data digits --strategy cge
  murmur train --data csv:patients.csv      # a path on the swarm's machine`,
    )
    .action(train);
}

async function train(options: Options): Promise<void> {
  const client = await connect(options);
  const { data, rounds, strategy, alpha, seed, job } = options;
  const request = {
    data,
    rounds,
    strategy,
    alpha,
    ...(seed === undefined ? {} : { seed }),
    ...(job === undefined ? {} : { job }),
  };
  const opened = await client.openJob(request);
  if (options.watch) await watch(client, opened.job);
  else if (options.json) printJson(opened);
  else printLines([`${green('✓')} job ${opened.job} is open`, `  follow it: murmur rounds --job ${opened.job}`]);
}

async function watch(client: Awaited<ReturnType<typeof connect>>, job: string): Promise<void> {
  const stop = untilInterrupted();
  let printed = 0;
  while (!stop.aborted) {
    const current = await client.currentJob();
    const done = current.history.filter(
      (round) => round.job === job && round.round > printed && round.seconds !== null,
    );
    const lines = roundsScreen(done);
    if (done.length > 0) printLines(printed === 0 ? lines : lines.slice(1));
    printed = done.at(-1)?.round ?? printed;
    if (current.job !== job || current.state === 'finished') return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
