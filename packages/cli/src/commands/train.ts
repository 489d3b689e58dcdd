import type { OpenJobRequest, PrivateRoundsRequest } from '@murmuration/node';
import type { Command } from 'commander';
import { toleranceScreen } from '../screens/privacy.ts';
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
  usageError,
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
  readonly private?: boolean;
  readonly group: number;
  readonly clip: number;
  readonly colluders: number;
  readonly epsilon?: number;
  readonly delta: number;
  readonly noise?: number;
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
    .option('--private', 'replicas see sums of small groups, and no update of a device')
    .option('--group <number>', 'private: members of a group at least', wholeNumber(5, 10), 5)
    .option('--clip <norm>', 'private: L2 norm that updates are clipped to', decimal(1e-6, 1e6), 2)
    .option('--colluders <number>', 'private: members of a group that may work with replicas', wholeNumber(0, 8), 1)
    .option('--epsilon <number>', "private: what the whole job may cost one device's data", decimal(1e-3, 1e6))
    .option('--delta <number>', 'private: the chance that epsilon fails', decimal(1e-20, 0.5), 1e-5)
    .option('--noise <number>', 'private: noise over clipping norm, in place of --epsilon', decimal(0.02, 1e5))
    .option('--watch', 'print rounds until the job is finished')
    .addHelpText(
      'after',
      `
Examples
  murmur train --data names --rounds 24 --watch
  murmur train --data digits --strategy cge
  murmur train --data csv:patients.csv      # a path on the swarm's machine
  murmur train --data digits --private --epsilon 8

--private shows what groups bear before it asks; without --epsilon and --noise there are masks only. Noise costs
accuracy: docs/benchmarks/privacy.md has the numbers. A device whose budget (privacy.epsilon) is less keeps out.`,
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
    ...privacyOf(options),
  };
  const tolerance = options.private ? await toleranceOf(client, options) : [];
  // Also where the swarm then refuses: the row says why.
  if (tolerance.length > 0 && !options.json) printLines([...toleranceScreen(tolerance), '']);
  const opened = await client.openJob(request);
  if (options.watch) await watch(client, opened.job);
  else if (options.json) printJson(options.private ? { ...opened, tolerance } : opened);
  else printLines([`${green('✓')} job ${opened.job} is open`, `  follow it: murmur rounds --job ${opened.job}`]);
}

/** @throws CLI_USAGE for wishes about privacy without --private, or for two that exclude each other */
function privacyOf(options: Options): { readonly privacy?: PrivateRoundsRequest } {
  const { epsilon, noise, delta, group: groupSize, clip: clippingNorm, colluders } = options;
  if (options.private !== true) {
    if (epsilon === undefined && noise === undefined) return {};
    throw usageError('--epsilon and --noise are for private rounds', 'add --private, or leave them out');
  }
  if (epsilon !== undefined && noise !== undefined) {
    throw usageError('--epsilon and --noise exclude each other', 'give one of the two: the other follows from it');
  }
  const wanted = { ...(epsilon === undefined ? {} : { epsilon }), ...(noise === undefined ? {} : { noise }) };
  return { privacy: { groupSize, clippingNorm, colluders, delta, ...wanted } };
}

/** What groups of the wished size bear among the devices that the swarm knows now. */
async function toleranceOf(client: Awaited<ReturnType<typeof connect>>, { group, colluders }: Options) {
  const { toleranceRow } = await import('@murmuration/node');
  const { training } = await client.swarm();
  return [toleranceRow(training.participants, group, colluders)];
}

async function watch(client: Awaited<ReturnType<typeof connect>>, job: string): Promise<void> {
  const stop = untilInterrupted();
  let printed = 0;
  // A busy swarm's screen shows the job before for a while.
  let isSeen = false;
  while (!stop.aborted) {
    const current = await client.currentJob();
    const done = current.history.filter(
      (round) => round.job === job && round.round > printed && round.seconds !== null,
    );
    const lines = roundsScreen(done);
    if (done.length > 0) printLines(printed === 0 ? lines : lines.slice(1));
    printed = done.at(-1)?.round ?? printed;
    isSeen ||= current.job === job;
    if (isSeen && (current.job !== job || current.state === 'finished')) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
