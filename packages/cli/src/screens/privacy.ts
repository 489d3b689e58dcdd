import type { ToleranceRow, TrainingAnswer, VerifiedPlan } from '@murmuration/node';
import { bold, dim, green, heading } from '../terminal/style.ts';
import { table } from '../terminal/table.ts';
import { outputWidth, wrap } from '../terminal/wrap.ts';
import { count, meaning, scientific, upper } from './epsilon.ts';
import { labelled, note } from './lines.ts';

export const RELATIONS: Readonly<Record<TrainingAnswer['plan']['adjacency'], string>> = {
  'add-or-remove-one': 'data sets that differ by the presence of one record',
  'replace-one': 'data sets of one size that differ in one record',
};

export function planScreen(
  { noiseMultiplier, sampling, plan, epsilonPld, epsilonRdp }: TrainingAnswer,
  { records, steps, delta }: { readonly records: number; readonly steps: number; readonly delta: number },
): string[] {
  const amplified = sampling.kind === 'poisson' && plan.adjacency === 'add-or-remove-one';
  const sums = steps === 1 ? 'one noisy sum of clipped vectors' : `${count(steps)} noisy sums of clipped vectors`;
  const noise = Number(noiseMultiplier.toPrecision(5)).toLocaleString('en-US', { maximumFractionDigits: 6 });
  return [
    heading('privacy plan'),
    ...labelled('protects', `one of ${count(records)} records, from everyone who sees what is released`),
    ...labelled('neighbours', RELATIONS[plan.adjacency]),
    ...labelled('sampling', samplingWords(sampling, amplified)),
    ...labelled('releases', sums),
    ...labelled('noise', `${bold(noise)} × clipping norm ${dim('(standard deviation)')}`),
    ...labelled(
      'costs',
      `${bold(`epsilon ${upper(epsilonPld, 4)}`)} at delta ${scientific(delta)} ${dim('(privacy loss distribution)')}`,
    ),
    ...labelled('', `epsilon ${upper(epsilonRdp, 4)} ${dim('(Rényi accounting: what the running ledger charges)')}`),
    ...labelled('means', meaning(epsilonPld, delta)),
  ];
}

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
  const columns = ['group', 'groups', 'poisoners', 'colluders', 'dropouts', 'honest'].map((title) => ({
    title,
    align: 'right' as const,
  }));
  const cells = rows.map((row) =>
    [row.groupSize, row.groups, row.poisoners, row.colluders, row.dropouts, row.honestSurvivors].map(count),
  );
  const [devices = 0] = rows.map((row) => row.devices);
  return [
    heading(`secure aggregation among ${count(devices)} devices`),
    ...table(columns, cells),
    ...note(
      'Poisoners that the training bears in all, wherever the beacon puts them. Agreement among replicas bears fewer ' +
        'than a third of them: another number. Multi-Krum bears one poisoner fewer, the plain mean none.',
    ),
    ...note(
      'In each group: colluders that may tell the server all, members that may drop out, honest ones in its sum.',
    ),
  ];
}

export function verificationScreen(
  verdict: Extract<VerifiedPlan, { readonly holds: true }>,
  { file, epsilon, delta }: { readonly file: string; readonly epsilon: number; readonly delta: number },
): string[] {
  const method = verdict.method === 'pld' ? 'privacy loss distribution' : 'Rényi accounting';
  const costs = bold(`epsilon ${upper(verdict.epsilon, 4)}`);
  return [
    `${green('kept')} ${file} costs ${costs} at delta ${scientific(delta)}, of ${epsilon} ${dim(`(${method})`)}`,
    ...wrap(`so ${meaning(verdict.epsilon, delta)}`, outputWidth()),
    'as long as:',
    ...verdict.assumptions.flatMap((assumption) =>
      wrap(assumption, outputWidth() - 4).map((line, i) => `  ${i === 0 ? '-' : ' '} ${line}`),
    ),
  ];
}
