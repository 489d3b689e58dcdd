import { MurmurError } from '@murmuration/core';
import type { ToleranceRow, TrainingAnswer, VerifiedPlan } from '@murmuration/node';
import { type Command, Option } from 'commander';
import { count, scientific, upper } from '../screens/epsilon.ts';
import { planScreen, toleranceScreen, verificationScreen } from '../screens/privacy.ts';
import { registerBudget } from './privacy-budget.ts';
import { decimal, printJson, printLines, usageError, wholeNumber } from './shared.ts';

const MAX_RECORDS = 2 ** 40;

interface PlanCommand {
  readonly records: number;
  readonly batch: number;
  readonly epochs?: number;
  readonly steps?: number;
  readonly delta: number;
  readonly epsilon?: number;
  readonly noise?: number;
  readonly adjacency: 'add-or-remove-one' | 'replace-one';
  readonly fixedSize?: boolean;
  readonly devices?: number;
  readonly colluders?: number;
  readonly out?: string;
  readonly json?: boolean;
}

export function registerPrivacy(program: Command): void {
  const privacy = program
    .command('privacy')
    .helpCommand(false)
    .description('differential privacy: plan the noise, keep the budget, verify a plan before it runs')
    .addHelpText(
      'after',
      `
Examples
  murmur privacy plan --records 60000 --batch 256 --epochs 60 --delta 1e-6 --epsilon 3 --out plan.toml
  murmur privacy verify plan.toml --epsilon 3 --delta 1e-6
  murmur privacy budget show`,
    );
  registerPlan(privacy);
  registerBudget(privacy);
  privacy
    .command('verify')
    .usage('<plan> --epsilon E --delta D [options]')
    .argument('<plan>', 'a plan file (.toml, .yaml or .json), as `murmur privacy plan --out` writes it')
    .description('prove that a plan keeps epsilon and delta, or refuse it with the reason')
    .requiredOption('--epsilon <number>', 'the most that may be spent', decimal(0, 1e6))
    .requiredOption('--delta <number>', 'the chance that the bound fails', decimal(1e-20, 0.5))
    .option(
      '--records <number>',
      'size of the data set: delta must stay below its inverse',
      wholeNumber(1, MAX_RECORDS),
    )
    .option('--json', 'one JSON object on standard output')
    .addHelpText(
      'after',
      `
Exits with 4 where the plan does not keep the guarantee, with 2 where it is no plan. What a plan file may hold:
packages/cli/README.md.

Examples
  murmur privacy verify plan.toml --epsilon 3 --delta 1e-6
  murmur privacy verify plan.toml --epsilon 3 --delta 1e-6 --records 60000 --json`,
    )
    .action(verify);
}

function registerPlan(privacy: Command): void {
  privacy
    .command('plan')
    .usage('--records N --batch N --epochs N|--steps N --delta D --epsilon E|--noise X [options]')
    .description('noise for a wanted epsilon, or epsilon of a given noise')
    .requiredOption('--records <number>', 'records of the data set', wholeNumber(1, MAX_RECORDS))
    .requiredOption('--batch <number>', 'records that one step uses, in the mean', wholeNumber(1, MAX_RECORDS))
    .option('--epochs <number>', 'passes over the data', decimal(1e-6, 1e6))
    .option('--steps <number>', 'steps, in place of epochs', wholeNumber(1, 10 ** 9))
    .requiredOption('--delta <number>', 'the chance that the bound fails; well below 1/records', decimal(1e-20, 0.5))
    .option('--epsilon <number>', 'the wanted epsilon: the noise follows', decimal(1e-6, 1e6))
    .option('--noise <number>', 'noise over clipping norm: epsilon follows', decimal(0.02, 1e5))
    .addOption(
      new Option('--adjacency <relation>', 'which data sets count as neighbours')
        .choices(['add-or-remove-one', 'replace-one'])
        .default('add-or-remove-one'),
    )
    .option('--fixed-size', 'batches are not drawn by Poisson sampling: nothing is gained by sampling then')
    .option('--devices <number>', 'also show what secure aggregation among so many devices bears', wholeNumber(5, 1e6))
    .option(
      '--colluders <number>',
      'members of each group that may tell the server all (default: 0)',
      wholeNumber(0, 1000),
    )
    .option('-o, --out <file>', 'write the plan here (.toml or .json), for `verify` and `budget charge`')
    .option('--json', 'one JSON object on standard output')
    .addHelpText(
      'after',
      `
Examples
  murmur privacy plan --records 60000 --batch 256 --epochs 60 --delta 1e-6 --epsilon 3
  murmur privacy plan --records 60000 --batch 256 --steps 14062 --delta 1e-5 --noise 1.1 --out plan.toml
  murmur privacy plan --records 1000 --batch 1000 --steps 10 --delta 1e-5 --epsilon 1 --devices 100`,
    )
    .action(plan);
}

async function plan(options: PlanCommand): Promise<void> {
  const { records, batch, delta, adjacency, epsilon, noise } = options;
  const steps = stepsOf(options);
  if ((epsilon === undefined) === (noise === undefined)) {
    throw usageError('a plan needs either a wanted epsilon or a noise', 'give --epsilon or --noise, not both');
  }
  if (batch > records) throw usageError(`--batch ${batch} is more than --records ${records}`, 'give at most --records');
  const { planTraining, writePlanFile } = await import('@murmuration/node');
  const tolerance = await toleranceOf(options);
  const wanted = { ...(epsilon === undefined ? {} : { epsilon }), ...(noise === undefined ? {} : { noise }) };
  const poisson = options.fixedSize !== true;
  const answer: TrainingAnswer = planTraining({ records, batch, steps, delta, adjacency, poisson, ...wanted });
  if (options.out !== undefined) writePlanFile(options.out, answer.plan);
  if (options.json) return printJson({ records, batch, steps, delta, ...answer, tolerance });
  printLines([
    ...planScreen(answer, { records, steps, delta }),
    ...(tolerance.length === 0 ? [] : ['', ...toleranceScreen(tolerance)]),
    ...(options.out === undefined ? [] : ['', `written to ${options.out}`]),
  ]);
}

/** The threshold table, where devices were given. */
async function toleranceOf({ devices, colluders }: PlanCommand): Promise<readonly ToleranceRow[]> {
  if (devices === undefined) {
    if (colluders === undefined) return [];
    throw usageError('--colluders says nothing without --devices', 'give --devices too');
  }
  const { toleranceTable } = await import('@murmuration/node');
  const rows = toleranceTable(devices, colluders ?? 0);
  if (rows.length > 0) return rows;
  throw usageError(
    `no group of 5, 8 or 10 among ${count(devices)} devices keeps two honest members with ${colluders} colluders in it`,
    'expect fewer colluders: 3 of a group of 5, 6 of one of 8, 8 of one of 10 are the most that any bears',
  );
}

function stepsOf({ steps, epochs, records, batch }: PlanCommand): number {
  if ((steps === undefined) === (epochs === undefined)) {
    throw usageError('a plan needs either steps or epochs', 'give --steps or --epochs, not both');
  }
  return steps ?? Math.max(1, Math.floor(((epochs as number) * records) / batch));
}

interface VerifyCommand {
  readonly epsilon: number;
  readonly delta: number;
  readonly records?: number;
  readonly json?: boolean;
}

async function verify(file: string, { epsilon, delta, records, json }: VerifyCommand): Promise<void> {
  const { verifyPlan } = await import('@murmuration/node');
  const population = records === undefined ? {} : { population: records };
  const verdict = verifyPlan(file, { epsilon, delta, ...population });
  if (!verdict.holds) throw notKept(file, verdict, { epsilon, delta, records });
  if (json) return printJson({ file, wanted: { epsilon, delta }, ...verdict });
  printLines(verificationScreen(verdict, { file, epsilon, delta }));
}

type Refused = Extract<VerifiedPlan, { readonly holds: false }>;
type Wanted = { readonly epsilon: number; readonly delta: number; readonly records: number | undefined };

function notKept(file: string, verdict: Refused, wanted: Wanted): MurmurError {
  const { reason, epsilon } = verdict;
  const [because, remedy] = refusalWords(verdict, wanted);
  return new MurmurError({
    code: 'PRIVACY_NOT_KEPT',
    message: `${file} does not keep epsilon ${wanted.epsilon} at delta ${scientific(wanted.delta)}: ${because}`,
    remedy,
    facts: { reason, ...(epsilon === undefined ? {} : { epsilon }) },
  });
}

function refusalWords({ reason, detail, epsilon }: Refused, { delta, records }: Wanted): [string, string] {
  switch (reason) {
    case 'epsilon-exceeded':
      return [
        epsilon === undefined ? detail : `it costs epsilon ${upper(epsilon, 4)}`,
        'plan more noise or fewer releases (`murmur privacy plan --epsilon`), or ask the owner for more',
      ];
    case 'delta-too-large':
      return [
        `delta ${scientific(delta)} permits to publish one of ${count(records ?? 0)} records`,
        'take a delta well below one over the number of records, a tenth of that or less',
      ];
    case 'empty-plan':
      return ['it releases nothing', 'add an [[events]] for each release'];
    case 'malformed-plan':
      return [detail, 'correct the plan: what is wrong is in the message'];
  }
}
