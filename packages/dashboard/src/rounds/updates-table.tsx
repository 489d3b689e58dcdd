import type { DeviceView, UpdateView } from '../api/views.ts';
import { bytes, count, figure, percent } from '../format/numbers.ts';
import { sentence } from '../format/words.ts';
import { DeviceLink } from '../parts/device-link.tsx';
import table from '../parts/table.module.css';
import { Tag } from '../parts/tag.tsx';
import style from './rounds.module.css';

interface UpdatesTableProps {
  readonly updates: readonly UpdateView[];
  readonly devices: readonly DeviceView[];
  /** A quorum has committed the verdicts. */
  readonly decided: boolean;
}

/** Every update with what the robust rule saw: length, direction, share, verdict. */
export function UpdatesTable({ updates, devices, decided }: UpdatesTableProps) {
  const maxNorm = Math.max(...updates.map(({ norm }) => norm), 1e-12);
  return (
    <div className={table.scroll}>
      <table className={`${table.table} ${table.cards}`}>
        <thead>
          <tr>
            <th scope="col">Device</th>
            <th scope="col">Verdict</th>
            <th scope="col" className={table.right}>
              Norm
            </th>
            <th scope="col" className={table.right}>
              Cosine
            </th>
            <th scope="col" className={table.right}>
              Weight
            </th>
            <th scope="col" className={table.right}>
              Samples
            </th>
            <th scope="col" className={table.right}>
              Size
            </th>
          </tr>
        </thead>
        <tbody>
          {updates.map((update) => (
            <tr key={update.device}>
              <td>
                <DeviceLink id={update.device} devices={devices} />
              </td>
              <td data-label="Verdict" className={table.whole}>
                {decided ? <Verdict update={update} /> : <Tag tone="idle">Awaits a quorum</Tag>}
              </td>
              <Measures update={update} maxNorm={maxNorm} decided={decided} />
              <td data-label="Samples" className={table.right}>
                {count(update.samples)}
              </td>
              <td data-label="Size" className={table.right}>
                {bytes(update.bytes)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface MeasuresProps {
  readonly update: UpdateView;
  readonly maxNorm: number;
  readonly decided: boolean;
}

function Measures({ update: { norm, cosine, weight }, maxNorm, decided }: MeasuresProps) {
  const cells = [
    ['Norm', figure(norm), 0, norm / maxNorm, 'plain'],
    ['Cosine', figure(cosine), 0.5, (cosine + 1) / 2, cosine < 0 ? 'bad' : 'ok'],
    ['Weight', percent(weight), 0, weight, 'plain'],
  ] as const;
  return cells.map(([label, value, from, to, tone]) => (
    <td key={label} data-label={label} className={table.right}>
      {decided ? <Bar value={value} from={from} to={to} tone={tone} /> : '–'}
    </td>
  ));
}

/** Reasons that repeat what the tags beside them say. */
const SAID_BY_TAGS: ReadonlySet<string> = new Set(['', 'accepted', 'outlier']);

function Verdict({ update }: { readonly update: UpdateView }) {
  return (
    <span className={table.tags}>
      <Tag tone={update.accepted ? 'ok' : 'bad'} icon={update.accepted ? 'check' : 'cross'}>
        {update.accepted ? 'Accepted' : 'Refused'}
      </Tag>
      {update.outlier && (
        <Tag tone="warn" icon="warning" title="Far from what any honest device sends; a second one means quarantine">
          outlier
        </Tag>
      )}
      {!SAID_BY_TAGS.has(update.reason) && <span className="muted">{sentence(update.reason)}</span>}
    </span>
  );
}

interface BarProps {
  readonly value: string;
  /** Both in [0, 1] of the track. */
  readonly from: number;
  readonly to: number;
  readonly tone: 'plain' | 'ok' | 'bad';
}

function Bar({ value, from, to, tone }: BarProps) {
  const left = Math.min(from, to);
  const width = Math.abs(to - from);
  return (
    <span className={style.cell}>
      <span>{value}</span>
      <span className={style.track} aria-hidden="true">
        <span data-tone={tone} style={{ left: `${left * 100}%`, width: `${Math.max(0.02, width) * 100}%` }} />
      </span>
    </span>
  );
}
