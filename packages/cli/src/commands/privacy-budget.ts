import { setTimeout as sleep } from 'node:timers/promises';
import { fromHex, MurmurError, toHex } from '@murmuration/core';
import type { BudgetFile, BudgetView } from '@murmuration/node';
import { type Command, Option } from 'commander';
import { type BudgetRow, budgetScreen, budgetSheet, copyNote, historyScreen } from '../screens/budget.ts';
import { scientific } from '../screens/epsilon.ts';
import { decimal, printJson, printLines, untilInterrupted, usageError, wholeNumber } from './shared.ts';

const DEFAULT_FILE = '.murmuration/budget.sqlite';
const MAX_PURPOSE = 256;

interface FileOptions {
  readonly file: string;
  readonly json?: boolean;
}

export function registerBudget(privacy: Command): void {
  const budget = privacy
    .command('budget')
    .helpCommand(false)
    .description('what of each data set is spent and left; debits are durable before anything is released')
    .addHelpText(
      'after',
      `
Examples
  murmur privacy budget
  murmur privacy budget open clinic-a/x-rays --epsilon 3 --delta 1e-6
  murmur privacy budget history clinic-a/x-rays`,
    );
  kept(budget.command('show', { isDefault: true }))
    .argument('[account]', 'owner/dataset; without it, all')
    .option('--watch <seconds>', 'show it again and again, also while another process spends', wholeNumber(1, 86_400))
    .option('--holds <entry:digest>', 'refuse a file that lacks this entry, which was kept elsewhere')
    .description('spent, left, and when it will be gone at the present pace')
    .addHelpText(
      'after',
      '\nExamples\n  murmur privacy budget show\n  murmur privacy budget show clinic-a/x-rays --watch 10',
    )
    .action(show);
  kept(budget.command('history'))
    .argument('<account>', 'owner/dataset')
    .option('--last <number>', 'how many debits', wholeNumber(1, 10_000), 20)
    .description('the debits: when, what for, and what was spent then')
    .addHelpText('after', '\nExamples\n  murmur privacy budget history clinic-a/x-rays --last 100')
    .action(history);
  kept(budget.command('open'))
    .usage('<account> --epsilon E --delta D [options]')
    .argument('<account>', 'owner/dataset')
    .requiredOption('--epsilon <number>', 'the cap, for ever', decimal(1e-6, 1e6))
    .requiredOption('--delta <number>', 'the chance that the bound fails', decimal(1e-20, 0.5))
    .addOption(
      new Option('--adjacency <relation>', 'which data sets count as neighbours')
        .choices(['add-or-remove-one', 'replace-one'])
        .default('add-or-remove-one'),
    )
    .option('--records <number>', 'size of the data set: delta must stay below its inverse', wholeNumber(1, 2 ** 40))
    .description('open a budget; its terms never change')
    .addHelpText(
      'after',
      '\nExamples\n  murmur privacy budget open clinic-a/x-rays --epsilon 3 --delta 1e-6 --records 60000',
    )
    .action(open);
  kept(budget.command('charge'))
    .usage('<account> --plan FILE --purpose WORDS [options]')
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

interface ShowOptions extends FileOptions {
  readonly watch?: number;
  readonly holds?: string;
}

async function show(account: string | undefined, options: ShowOptions): Promise<void> {
  const one = account === undefined ? undefined : accountOf(account);
  const signal = untilInterrupted();
  for (;;) {
    const { rows, isCopy } = await read(options, one);
    if (options.json) printJson({ budgets: rows, isCopy });
    else printLines([...(one === undefined ? budgetScreen(rows) : rows.flatMap(budgetSheet)), ...copyNote(isCopy)]);
    if (options.watch === undefined) return;
    try {
      await sleep(options.watch * 1000, undefined, { signal });
    } catch {
      return; // Ctrl-C
    }
  }
}

/** Opens the file for the moment of reading only, so that a watcher keeps nobody from spending. */
async function read({ file, holds }: ShowOptions, account: Account | undefined) {
  await using budgets = await viewFile(file);
  if (holds !== undefined) await checkHeld(budgets, account, file, holds);
  const accounts = account === undefined ? await budgets.ledger.accounts() : [account];
  const rows: BudgetRow[] = [];
  for (const one of accounts) rows.push({ ...one, ...(await statusOf(budgets, one)) });
  return { rows, isCopy: budgets.isCopy };
}

/** A file that was set back is a whole chain: only what was kept elsewhere tells. */
async function checkHeld({ ledger }: BudgetView, account: Account | undefined, file: string, holds: string) {
  const [, sequence = '', hex = ''] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(holds) ?? [];
  const digest = fromHex(hex);
  if (account === undefined || hex === '' || digest === undefined) {
    throw usageError(`--holds takes no "${holds}"`, 'name an account, and give entry:digest as its sheet shows them');
  }
  if (await ledger.contains(account, { sequence: Number(sequence), digest })) return;
  throw new MurmurError({
    code: 'PRIVACY_BUDGET_DAMAGED',
    message: `${file} does not hold entry ${sequence} with that digest: it was set back to before it, or is another file`,
    remedy: 'release nothing more from it; find the newest copy, or count what was released since as spent',
    facts: { file, sequence: Number(sequence) },
  });
}

async function statusOf({ ledger }: BudgetView, account: Account) {
  const { terms, digest, ...status } = await ledger.status(account);
  return { ...terms, ...status, digest: toHex(digest) };
}

async function history(name: string, options: FileOptions & { readonly last: number }): Promise<void> {
  const account = accountOf(name);
  await using budgets = await viewFile(options.file);
  const debits = await budgets.ledger.history(account, options.last);
  if (options.json) printJson({ ...account, debits });
  else printLines(historyScreen(name, debits));
}

interface OpenOptions extends FileOptions {
  readonly epsilon: number;
  readonly delta: number;
  readonly adjacency: 'add-or-remove-one' | 'replace-one';
  readonly records?: number;
}

async function open(account: string, options: OpenOptions): Promise<void> {
  const { epsilon, delta, adjacency, records } = options;
  const opened = accountOf(account);
  if (records !== undefined && delta * records >= 1) {
    throw usageError(
      `delta ${scientific(delta)} permits to publish one of ${records} records`,
      'take a delta well below one over the number of records, a tenth of that or less',
    );
  }
  {
    await using budgets = await openFile(options.file, true);
    await budgets.ledger.open(opened, { epsilon, delta, adjacency });
  }
  await show(account, options);
}

interface ChargeOptions extends FileOptions {
  readonly plan: string;
  readonly purpose: string;
}

async function charge(name: string, options: ChargeOptions): Promise<void> {
  const { readPlanFile } = await import('@murmuration/node');
  const { plan, purpose } = options;
  const account = accountOf(name);
  if (purpose.trim() === '' || purpose.length > MAX_PURPOSE) {
    throw usageError(`a purpose of ${purpose.length} characters`, `say what for in 1 to ${MAX_PURPOSE} characters`);
  }
  const { adjacency, events } = readPlanFile(plan);
  if (events.some(({ sampling }) => sampling.kind === 'poisson' && sampling.rate < 1)) throw onlyWhoDraws(plan);
  {
    await using budgets = await openFile(options.file, false);
    const { terms } = await budgets.ledger.status(account);
    if (terms.adjacency !== adjacency) throw otherRelation(name, terms.adjacency, plan, adjacency);
    await budgets.ledger.release(account, { purpose, events }, () => undefined);
  }
  await show(name, options);
}

async function viewFile(file: string): Promise<BudgetView> {
  const { viewBudgetFile } = await import('@murmuration/node');
  return viewBudgetFile(file);
}

async function openFile(file: string, create: boolean): Promise<BudgetFile> {
  const { openBudgetFile } = await import('@murmuration/node');
  return openBudgetFile(file, { create });
}

interface Account {
  readonly owner: string;
  readonly dataset: string;
}

function accountOf(text: string): Account {
  const [owner = '', dataset = '', ...rest] = text.split('/');
  if (owner !== '' && dataset !== '' && rest.length === 0) return { owner, dataset };
  throw usageError(
    `"${text}" is neither an account nor a command`,
    'name an account as clinic-a/x-rays: owner/dataset',
  );
}

function onlyWhoDraws(plan: string): MurmurError {
  return new MurmurError({
    code: 'PRIVACY_SAMPLING_NOT_EXECUTED',
    message: `${plan} counts on Poisson draws, and a command that draws nothing cannot charge for them`,
    remedy: 'let the program that draws charge each step (examples/private-training), or plan with --fixed-size',
    facts: { plan },
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
