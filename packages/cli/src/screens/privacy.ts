import type { ToleranceRow, TrainingAnswer, VerifiedPlan } from '@murmuration/node';
import { moment } from '../terminal/format.ts';
import { bold, dim, green, heading, red, yellow } from '../terminal/style.ts';
import { pad, table } from '../terminal/table.ts';

export interface BudgetRow {
  readonly owner: string;
  readonly dataset: string;
  readonly epsilon: number;
  readonly delta: number;
  readonly adjacency: string;
  readonly spentEpsilon: number;
  readonly leftEpsilon: number;
  readonly debits: number;
  readonly lastMs: number | null;
  readonly releasesLeft: number | null;
  readonly exhaustedAtMs: number | null;
}

const LABEL_WIDTH = 12;
const MANY = 2 ** 31;

export function planScreen(
  { noiseMultiplier, sampling, plan, epsilonPld, epsilonRdp }: TrainingAnswer,
  { records, steps, delta }: { readonly records: number; readonly steps: number; readonly delta: number },
): string[] {
  const amplified = sampling.kind === 'poisson' && plan.adjacency === 'add-or-remove-one';
  return [
    heading('privacy plan'),
    line('protects', `one of ${count(records)} records, from everyone who sees what is released`),
    line('neighbours', RELATIONS[plan.adjacency]),
    line('sampling', samplingWords(sampling, amplified)),
    line(
      'releases',
      steps === 1 ? 'one noisy sum of clipped vectors' : `${count(steps)} noisy sums of clipped vectors`,
    ),
    line('noise', `${bold(noiseMultiplier.toPrecision(5))} × clipping norm ${dim('(standard deviation)')}`),
    line(
      'costs',
      `${bold(`epsilon ${epsilonPld.toFixed(4)}`)} at delta ${scientific(delta)} ${dim('(privacy loss distribution)')}`,
    ),
    line('', `epsilon ${epsilonRdp.toFixed(4)} ${dim('(Rényi accounting: what the running ledger charges)')}`),
  ];
}

const RELATIONS: Readonly<Record<TrainingAnswer['plan']['adjacency'], string>> = {
  'add-or-remove-one': 'data sets that differ by the presence of one record',
  'replace-one': 'data sets of one size that differ in one record',
};

function samplingWords(sampling: TrainingAnswer['sampling'], amplified: boolean): string {
  switch (sampling.kind) {
    case 'none':
      return 'every record takes part in every step';
    case 'fixed-size':
      return `${count(sampling.size)} of ${count(sampling.population)}, charged as if all took part`;
    case 'poisson': {
      const gain = amplified ? 'must be drawn so, and kept secret' : 'no gain is charged under replace-one';
      return `Poisson, each record at rate ${sampling.rate.toPrecision(4)} ${dim(`(${gain})`)}`;
    }
  }
}

export function toleranceScreen(rows: readonly ToleranceRow[]): string[] {
  const right = (title: string) => ({ title, align: 'right' as const });
  const columns = ['group', 'groups', 'poisoners borne', 'colluders', 'may drop out', 'honest in each sum'].map(right);
  const cells = rows.map((row) =>
    [row.groupSize, row.groups, row.poisoners, row.colluders, row.dropouts, row.honestSurvivors].map(String),
  );
  const [devices = 0] = rows.map((row) => row.devices);
  return [
    heading(`secure aggregation among ${count(devices)} devices`),
    ...table(columns, cells),
    dim('Poisoners: of the training, in all, wherever the beacon puts them. Agreement among replicas bears fewer than'),
    dim('a third of them: another number. Multi-Krum bears one poisoner fewer, the plain mean none.'),
    dim('Colluders, dropouts and honest members are per group.'),
  ];
}

export function verificationScreen(
  verdict: Extract<VerifiedPlan, { readonly holds: true }>,
  { file, epsilon, delta }: { readonly file: string; readonly epsilon: number; readonly delta: number },
): string[] {
  const method = verdict.method === 'pld' ? 'privacy loss distribution' : 'Rényi accounting';
  return [
    `${green('kept')} ${file} costs ${bold(`epsilon ${verdict.epsilon.toFixed(4)}`)} at delta ${scientific(delta)}, of ${epsilon} ${dim(`(${method})`)}`,
    'as long as:',
    ...verdict.assumptions.map((assumption) => `  - ${assumption}`),
  ];
}

export function budgetScreen(rows: readonly BudgetRow[]): string[] {
  if (rows.length === 0) return ['no budgets: open one with `murmur privacy budget open owner/dataset`'];
  const right = (title: string) => ({ title, align: 'right' as const });
  const columns = [
    { title: 'owner/dataset' },
    right('cap'),
    right('spent'),
    right('left'),
    right('delta'),
    right('debits'),
    right('more like the last'),
    { title: 'gone' },
  ];
  return [
    ...table(columns, rows.map(budgetCells)),
    dim('epsilon, by Rényi accounting. “Gone” is a projection at the mean pace so far, no promise.'),
  ];
}

function budgetCells(row: BudgetRow): string[] {
  const { epsilon, leftEpsilon, releasesLeft } = row;
  const paint = leftEpsilon <= 0.1 * epsilon ? red : leftEpsilon <= 0.3 * epsilon ? yellow : green;
  return [
    `${row.owner}/${row.dataset}`,
    epsilon.toFixed(3),
    row.spentEpsilon.toFixed(3),
    paint(leftEpsilon.toFixed(3)),
    scientific(row.delta),
    count(row.debits),
    releasesLeft === null ? '–' : releasesLeft >= MANY ? 'no end' : count(releasesLeft),
    row.exhaustedAtMs === null ? '–' : moment(row.exhaustedAtMs),
  ];
}

function line(label: string, text: string): string {
  return `  ${pad(label, LABEL_WIDTH)}${text}`;
}

/** `0.000001` as `1e-6`. */
function scientific(value: number): string {
  return value < 1e-3 ? value.toExponential() : String(value);
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
