import { writeFileSync } from 'node:fs';
import { MurmurError } from '@murmuration/core';
import type { TrainingAnswer } from '@murmuration/node';
import { type Command, Option } from 'commander';
import { planScreen, toleranceScreen, verificationScreen } from '../screens/privacy.ts';
import { registerBudget } from './privacy-budget.ts';
import { decimal, printJson, printLines, wholeNumber } from './shared.ts';

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
  readonly colluders: number;
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
Exits with 4 where the plan does not keep the guarantee.

Examples
  murmur privacy verify plan.toml --epsilon 3 --delta 1e-6
  murmur privacy verify plan.toml --epsilon 3 --delta 1e-6 --records 60000 --json`,
    )
    .action(verify);
}

function registerPlan(privacy: Command): void {
  privacy
    .command('plan')
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
    .option('--devices <number>', 'also show what secure aggregation among so many devices bears', wholeNumber(3, 1e6))
    .option('--colluders <number>', 'members of each group that may pool with the server', wholeNumber(0, 1000), 0)
    .option('-o, --out <file>', 'write the plan here, for `verify` and `budget charge`')
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
  const { planAsToml, planTraining, toleranceTable } = await import('@murmuration/node');
  const { records, batch, delta, adjacency, epsilon, noise } = options;
  const steps = stepsOf(options);
  const wanted = { ...(epsilon === undefined ? {} : { epsilon }), ...(noise === undefined ? {} : { noise }) };
  const poisson = options.fixedSize !== true;
  const answer: TrainingAnswer = planTraining({ records, batch, steps, delta, adjacency, poisson, ...wanted });
  if (options.out !== undefined) writeFileSync(options.out, planAsToml(answer.plan));
  const tolerance = options.devices === undefined ? [] : toleranceTable(options.devices, options.colluders);
  if (options.json) return printJson({ records, batch, steps, delta, ...answer, tolerance });
  printLines([
    ...planScreen(answer, { records, steps, delta }),
    ...(tolerance.length === 0 ? [] : ['', ...toleranceScreen(tolerance)]),
    ...(options.out === undefined ? [] : ['', `written to ${options.out}`]),
  ]);
}

function stepsOf({ steps, epochs, records, batch }: PlanCommand): number {
  if ((steps === undefined) === (epochs === undefined)) {
    throw new MurmurError({
      code: 'CLI_USAGE',
      message: 'a plan needs either steps or epochs',
      remedy: 'give --steps or --epochs, not both',
    });
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
  if (!verdict.holds) {
    throw new MurmurError({
      code: 'PRIVACY_NOT_KEPT',
      message: `the plan ${file} does not keep epsilon ${epsilon} at delta ${delta}: ${verdict.detail}`,
      remedy: 'plan more noise or fewer releases (`murmur privacy plan --epsilon`), or ask the owner for more',
      facts: { reason: verdict.reason, ...(verdict.epsilon === undefined ? {} : { epsilon: verdict.epsilon }) },
    });
  }
  if (json) return printJson({ file, wanted: { epsilon, delta }, ...verdict });
  printLines(verificationScreen(verdict, { file, epsilon, delta }));
}
