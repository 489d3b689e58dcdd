import type { DeviceView, UpdateView } from '../api/views.ts';
import { figure } from '../format/numbers.ts';
import style from './rounds.module.css';

interface ScatterProps {
  readonly updates: readonly UpdateView[];
  readonly devices: readonly DeviceView[];
}

const WIDTH = 360;
const HEIGHT = 280;
const LEFT = 40;
const RIGHT = 14;
const TOP = 12;
const BOTTOM = 36;
/** Cosines lie in [-1, 1]; a little more keeps the points at the ends whole. */
const REACH = 1.1;

/** A poisoned update stands out in length and direction; the table beside it holds the figures. */
export function Scatter({ updates, devices }: ScatterProps) {
  const finite = updates.filter(({ norm, cosine }) => Number.isFinite(norm) && Number.isFinite(cosine));
  const top = niceAbove(Math.max(...finite.map(({ norm }) => norm), 1e-9));
  const x = (norm: number) => LEFT + (norm / top) * (WIDTH - LEFT - RIGHT);
  const y = (cosine: number) => TOP + ((REACH - cosine) / (2 * REACH)) * (HEIGHT - TOP - BOTTOM);
  return (
    <figure>
      <svg
        className={style.plot}
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label="Each update by its norm and its cosine with the robust aggregate; the table holds the figures"
      >
        <rect x={LEFT} y={y(0)} width={WIDTH - LEFT - RIGHT} height={y(-REACH) - y(0)} className={style.against} />
        {[1, 0.5, 0, -0.5, -1].map((mark) => (
          <g key={mark}>
            <line
              x1={LEFT}
              x2={WIDTH - RIGHT}
              y1={y(mark)}
              y2={y(mark)}
              className={mark === 0 ? style.zero : style.rule}
            />
            <text x={LEFT - 6} y={y(mark)} textAnchor="end" dominantBaseline="middle">
              {mark}
            </text>
          </g>
        ))}
        {[0, 0.5, 1].map((share) => (
          <text key={share} x={x(top * share)} y={HEIGHT - BOTTOM + 15} textAnchor={share === 1 ? 'end' : 'middle'}>
            {Number((top * share).toPrecision(3))}
          </text>
        ))}
        <text x={(LEFT + WIDTH - RIGHT) / 2} y={HEIGHT - 5} textAnchor="middle">
          norm
        </text>
        <text
          x={10}
          y={(TOP + HEIGHT - BOTTOM) / 2}
          textAnchor="middle"
          transform={`rotate(-90 10 ${(TOP + HEIGHT - BOTTOM) / 2})`}
        >
          cosine
        </text>
        {finite.map((update) => (
          <Point
            key={update.device}
            update={update}
            x={x(update.norm)}
            y={y(update.cosine)}
            name={nameOf(update.device, devices)}
          />
        ))}
      </svg>
      <figcaption className={style.caption}>
        Cosine with the robust aggregate: below zero an update pulls against it. <Key kind="accepted" /> accepted{' '}
        <Key kind="refused" /> refused <Key kind="outlier" /> outlier
      </figcaption>
    </figure>
  );
}

function nameOf(device: string, devices: readonly DeviceView[]): string {
  return devices.find((each) => each.device === device)?.name ?? device.slice(4, 12);
}

/** A round number for the end of an axis. */
function niceAbove(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find((step) => step * power >= value) ?? 10) * power;
}

type Kind = 'accepted' | 'refused' | 'outlier';

function Point({
  update,
  x,
  y,
  name,
}: {
  readonly update: UpdateView;
  readonly x: number;
  readonly y: number;
  readonly name: string;
}) {
  const kind: Kind = update.outlier ? 'outlier' : update.accepted ? 'accepted' : 'refused';
  return (
    <g transform={`translate(${x.toFixed(1)} ${y.toFixed(1)})`}>
      <Shape kind={kind} />
      {kind !== 'accepted' && (
        <text
          className={style.pointName}
          x={x > WIDTH * 0.7 ? -10 : 10}
          textAnchor={x > WIDTH * 0.7 ? 'end' : 'start'}
          dominantBaseline="middle"
        >
          {name}
        </text>
      )}
      <title>
        {name}: norm {figure(update.norm)}, cosine {figure(update.cosine)}
      </title>
    </g>
  );
}

function Shape({ kind }: { readonly kind: Kind }) {
  if (kind === 'accepted') return <circle r="5" className={style.accepted} />;
  if (kind === 'refused') return <rect x="-4.5" y="-4.5" width="9" height="9" rx="1.5" className={style.refused} />;
  return <path d="M0 -6.5 6.5 5-6.5 5z" className={style.outlier} />;
}

function Key({ kind }: { readonly kind: Kind }) {
  return (
    <svg width="12" height="12" viewBox="-7 -7 14 14" aria-hidden="true">
      <Shape kind={kind} />
    </svg>
  );
}
