import { moment } from '../terminal/format.ts';
import { dim, green, heading, red, yellow } from '../terminal/style.ts';
import { table, visibleLength } from '../terminal/table.ts';
import { outputWidth } from '../terminal/wrap.ts';
import { belief, count, lower, meaning, scientific, upper } from './epsilon.ts';
import { labelled, note } from './lines.ts';
import { RELATIONS } from './privacy.ts';

export interface BudgetRow {
  readonly owner: string;
  readonly dataset: string;
  readonly epsilon: number;
  readonly delta: number;
  readonly adjacency: keyof typeof RELATIONS;
  readonly spentEpsilon: number;
  readonly leftEpsilon: number;
  readonly debits: number;
  readonly lastMs: number | null;
  readonly releasesLeft: number | null;
  readonly exhaustedAtMs: number | null;
  /** Of the last entry, hexadecimal. */
  readonly digest: string;
}

export interface DebitRow {
  readonly sequence: number;
  readonly atMs: number;
  readonly purpose: string;
  readonly spentEpsilon: number;
}

const MANY = 2 ** 31;
/** The end of the year 9999: later projections are no dates. */
const LAST_MS = 253_402_300_799_000;

/** All budgets, a line each; as sheets where the terminal is too narrow for the table. */
export function budgetScreen(rows: readonly BudgetRow[]): string[] {
  if (rows.length === 0) return ['no budgets: open one with `murmur privacy budget open owner/dataset`'];
  const right = (title: string) => ({ title, align: 'right' as const });
  const columns = [
    { title: 'owner/dataset' },
    ...['cap', 'spent', 'left', 'delta', 'debits', 'more'].map(right),
    { title: 'used up' },
  ];
  const lines = table(columns, rows.map(budgetCells));
  if (Math.max(...lines.map(visibleLength)) > outputWidth()) {
    return rows.flatMap((row, i) => [...(i === 0 ? [] : ['']), ...budgetSheet(row)]);
  }
  return [
    ...lines,
    ...note(
      'Epsilon, by Rényi accounting. More: releases like the last that still fit. Used up: a projection at the mean ' +
        'pace so far, no promise.',
    ),
  ];
}

function budgetCells(row: BudgetRow): string[] {
  return [
    `${row.owner}/${row.dataset}`,
    String(row.epsilon),
    upper(row.spentEpsilon, 3),
    painted(row, lower(row.leftEpsilon, 3)),
    scientific(row.delta),
    count(row.debits),
    row.releasesLeft === null ? '–' : row.releasesLeft >= MANY ? 'no end' : count(row.releasesLeft),
    row.releasesLeft === 0 ? 'now' : projected(row.exhaustedAtMs, '–'),
  ];
}

/** One budget with everything that is known of it. */
export function budgetSheet(row: BudgetRow): string[] {
  const { epsilon, delta, spentEpsilon, debits } = row;
  const share = epsilon === 0 ? 100 : Math.ceil((100 * spentEpsilon) / epsilon);
  const since = row.lastMs === null ? '' : `, the last on ${moment(row.lastMs)}`;
  return [
    heading(`privacy budget ${row.owner}/${row.dataset}`),
    ...labelled('neighbours', RELATIONS[row.adjacency]),
    ...labelled('cap', `epsilon ${epsilon} at delta ${scientific(delta)}, for ever`),
    ...labelled(
      'spent',
      debits === 0
        ? 'nothing yet'
        : `epsilon ${upper(spentEpsilon, 3)} (${share} %) in ${count(debits)} debit${debits === 1 ? '' : 's'}${since}`,
    ),
    ...labelled('left', `${painted(row, `epsilon ${lower(row.leftEpsilon, 3)}`)}${moreWords(row)}`),
    ...labelled('used up', usedUpWords(row)),
    ...labelled('means', `at the cap ${meaning(epsilon, delta)}; by what is spent so far ${belief(spentEpsilon)}`),
    ...labelled(
      'entry',
      `${debits}:${row.digest} ${dim('(keep it elsewhere: --holds tells later whether the file was set back)')}`,
    ),
  ];
}

function moreWords({ releasesLeft }: BudgetRow): string {
  if (releasesLeft === null) return '';
  if (releasesLeft === 0) return ': no release like the last fits any more';
  if (releasesLeft >= MANY) return ': releases like the last cost next to nothing';
  return `: ${count(releasesLeft)} more release${releasesLeft === 1 ? '' : 's'} like the last`;
}

function usedUpWords({ releasesLeft, exhaustedAtMs }: BudgetRow): string {
  if (releasesLeft === 0) return 'now, for releases like the last';
  if (exhaustedAtMs === null) return dim('no pace yet: that takes two debits');
  return `about ${projected(exhaustedAtMs, 'never')} ${dim('(at the mean pace so far: no promise)')}`;
}

/** What is said where another process holds the file. */
export function copyNote(isCopy: boolean): string[] {
  return isCopy ? note('Another process spends from this file: this is a copy of a moment ago.') : [];
}

export function historyScreen(name: string, debits: readonly DebitRow[]): string[] {
  if (debits.length === 0) return [`nothing was ever debited from ${name}`];
  const cells = debits.map(({ sequence, atMs, purpose, spentEpsilon }) => [
    count(sequence),
    moment(atMs),
    upper(spentEpsilon, 3),
    printable(purpose),
  ]);
  return [
    heading(`debits of ${name}`),
    ...table(
      [
        { title: '#', align: 'right' },
        { title: 'when' },
        { title: 'spent then', align: 'right' },
        { title: 'purpose' },
      ],
      cells,
    ),
  ];
}

function painted({ leftEpsilon, epsilon }: BudgetRow, text: string): string {
  const paint = leftEpsilon <= 0.1 * epsilon ? red : leftEpsilon <= 0.3 * epsilon ? yellow : green;
  return paint(text);
}

function projected(ms: number | null, none: string): string {
  return ms === null ? none : ms > LAST_MS ? 'no end in sight' : moment(ms);
}

/** Words of others, without what would move the cursor or change the colours of the terminal. */
function printable(text: string): string {
  return text.replace(/\p{Cc}|\p{Cf}/gu, '·');
}
