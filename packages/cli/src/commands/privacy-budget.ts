import { setTimeout as sleep } from 'node:timers/promises';
import { MurmurError } from '@murmuration/core';
import type { BudgetFile } from '@murmuration/node';
import { type Command, Option } from 'commander';
import { type BudgetRow, budgetScreen } from '../screens/privacy.ts';
import { decimal, printJson, printLines, untilInterrupted, wholeNumber } from './shared.ts';

const DEFAULT_FILE = '.murmuration/budget.sqlite';

interface FileOptions {
  readonly file: string;
  readonly json?: boolean;
}

export function registerBudget(privacy: Command): void {
  const budget = privacy
    .command('budget')
    .helpCommand(false)
    .description('what of each data set is spent and left; debits are durable before anything is released');
  kept(budget.command('show', { isDefault: true }))
    .argument('[account]', 'owner/dataset; without it, all')
    .option('--watch <seconds>', 'show it again and again', wholeNumber(1, 86_400))
    .description('spent, left, and when it will be gone at the present pace')
    .addHelpText(
      'after',
      '\nExamples\n  murmur privacy budget show\n  murmur privacy budget show clinic-a/x-rays --watch 10',
    )
    .action(show);
  kept(budget.command('open'))
    .argument('<account>', 'owner/dataset')
    .requiredOption('--epsilon <number>', 'the cap, for ever', decimal(0, 1e6))
    .requiredOption('--delta <number>', 'the chance that the bound fails', decimal(1e-20, 0.5))
    .addOption(
      new Option('--adjacency <relation>', 'which data sets count as neighbours')
        .choices(['add-or-remove-one', 'replace-one'])
        .default('add-or-remove-one'),
    )
    .description('open a budget; its terms never change')
    .addHelpText('after', '\nExamples\n  murmur privacy budget open clinic-a/x-rays --epsilon 3 --delta 1e-6')
    .action(open);
  kept(budget.command('charge'))
    .argument('<account>', 'owner/dataset')
    .requiredOption('--plan <file>', 'what is released')
    .requiredOption('--purpose <words>', 'for people: what for; never data')
    .description('debit a release before it is made; refuses what would exceed the cap')
    .addHelpText(
      'after',
      `
Steps that are charged as Poisson-sampled are refused here: only the process that draws the samples can charge those.

Examples
  murmur privacy budget charge clinic-a/x-rays --plan plan.toml --purpose "mean age, report of May"`,
    )
    .action(charge);
}

function kept(command: Command): Command {
  return command
    .option('--file <path>', 'where the budgets are kept', DEFAULT_FILE)
    .option('--json', 'one JSON object on standard output');
}

async function show(account: string | undefined, options: FileOptions & { readonly watch?: number }): Promise<void> {
  const signal = untilInterrupted();
  for (;;) {
    const rows = await read(options.file, account);
    if (options.json) printJson({ budgets: rows });
    else printLines(budgetScreen(rows));
    if (options.watch === undefined) return;
    try {
      await sleep(options.watch * 1000, undefined, { signal });
    } catch {
      return; // Ctrl-C
    }
  }
}

/** Opens the file for the moment of reading only, so that a watcher keeps nobody from spending. */
async function read(file: string, account: string | undefined): Promise<BudgetRow[]> {
  await using budgets = await openFile(file, false);
  const accounts = account === undefined ? await budgets.ledger.accounts() : [accountOf(account)];
  const rows: BudgetRow[] = [];
  for (const one of accounts) rows.push({ ...one, ...(await statusOf(budgets, one)) });
  return rows;
}

async function statusOf({ ledger }: BudgetFile, account: { owner: string; dataset: string }) {
  const { terms, spentEpsilon, leftEpsilon, debits, lastMs, releasesLeft, exhaustedAtMs } =
    await ledger.status(account);
  return { ...terms, spentEpsilon, leftEpsilon, debits, lastMs, releasesLeft, exhaustedAtMs };
}

interface OpenOptions extends FileOptions {
  readonly epsilon: number;
  readonly delta: number;
  readonly adjacency: 'add-or-remove-one' | 'replace-one';
}

async function open(account: string, options: OpenOptions): Promise<void> {
  const { epsilon, delta, adjacency } = options;
  {
    await using budgets = await openFile(options.file, true);
    await budgets.ledger.open(accountOf(account), { epsilon, delta, adjacency });
  }
  await show(account, options);
}

async function charge(
  account: string,
  options: FileOptions & { readonly plan: string; readonly purpose: string },
): Promise<void> {
  const { readPlanFile } = await import('@murmuration/node');
  const { adjacency, events } = readPlanFile(options.plan);
  {
    await using budgets = await openFile(options.file, false);
    const { terms } = await budgets.ledger.status(accountOf(account));
    if (terms.adjacency !== adjacency) throw otherRelation(account, terms.adjacency, options.plan, adjacency);
    await budgets.ledger.release(accountOf(account), { purpose: options.purpose, events }, () => undefined);
  }
  await show(account, options);
}

async function openFile(file: string, create: boolean): Promise<BudgetFile> {
  const { openBudgetFile } = await import('@murmuration/node');
  return openBudgetFile(file, { create });
}

function accountOf(text: string): { readonly owner: string; readonly dataset: string } {
  const [owner = '', dataset = '', ...rest] = text.split('/');
  if (owner !== '' && dataset !== '' && rest.length === 0) return { owner, dataset };
  throw new MurmurError({
    code: 'CLI_USAGE',
    message: `"${text}" is no account`,
    remedy: 'name it owner/dataset, clinic-a/x-rays for example',
  });
}

function otherRelation(account: string, kept: string, file: string, planned: string): MurmurError {
  return new MurmurError({
    code: 'PRIVACY_PLAN_OPTIONS',
    message: `the budget ${account} counts ${kept} and the plan ${file} ${planned}`,
    remedy: `plan for ${kept}: one budget speaks of one relation`,
    facts: { account, kept, planned },
  });
}
