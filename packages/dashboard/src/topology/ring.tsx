import type { LinkView } from '../api/views.ts';
import { navigate } from '../routing/location.ts';
import { pathOf } from '../routing/routes.ts';
import type { Choice } from './choice.ts';
import { onCircle, type PlacedDevice, pairs } from './layout.ts';
import { Mark } from './mark.tsx';
import style from './topology.module.css';

const RADIUS = 150;

/** A small swarm as a circle. The list beside it says the same to who cannot see or point. */
export function Ring(choice: Choice) {
  const placed = onCircle(choice.snapshot.devices, RADIUS);
  const places = new Map(placed.map((each) => [each.device.device, each]));
  return (
    <svg
      className={style.ring}
      viewBox="-250 -205 500 410"
      role="img"
      aria-label="Map of the connections; the list beside it holds the same"
    >
      <g className={style.links}>
        {pairs(choice.snapshot.links).map((link) => (
          <Chord key={`${link.from}/${link.to}`} link={link} places={places} chosen={choice.chosen} />
        ))}
      </g>
      {placed.map((each) => (
        <Node key={each.device.device} placed={each} choice={choice} />
      ))}
    </svg>
  );
}

interface ChordProps {
  readonly link: LinkView;
  readonly places: ReadonlyMap<string, PlacedDevice>;
  readonly chosen: string | null;
}

function Chord({ link, places, chosen }: ChordProps) {
  const from = places.get(link.from);
  const to = places.get(link.to);
  if (from === undefined || to === undefined) return null;
  const touches = chosen === link.from || chosen === link.to;
  const bend = 0.22;
  const middle = { x: ((from.x + to.x) / 2) * (1 - bend), y: ((from.y + to.y) / 2) * (1 - bend) };
  return (
    <path
      d={`M${from.x.toFixed(1)} ${from.y.toFixed(1)} Q${middle.x.toFixed(1)} ${middle.y.toFixed(1)} ${to.x.toFixed(1)} ${to.y.toFixed(1)}`}
      data-touches={touches || undefined}
      data-dim={(chosen !== null && !touches) || undefined}
    >
      <title>
        {from.device.name} – {to.device.name}
        {link.rttMs === null ? '' : `, ${link.rttMs.toFixed(1)} ms`}
      </title>
    </path>
  );
}

function Node({ placed, choice }: { readonly placed: PlacedDevice; readonly choice: Choice }) {
  const { device, angle, x, y } = placed;
  const isChosen = choice.chosen === device.device;
  const near = choice.adjacent.get(choice.chosen ?? '')?.some((each) => each.device === device.device) ?? false;
  const right = Math.cos(angle) > 0.2;
  const left = Math.cos(angle) < -0.2;
  const out = 26;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: a pointer's shortcut; the list holds the links
    <g
      className={style.node}
      transform={`translate(${x.toFixed(1)} ${y.toFixed(1)})`}
      data-dim={(choice.chosen !== null && !isChosen && !near) || undefined}
      onMouseEnter={() => choice.onChoose(device.device)}
      onMouseLeave={() => choice.onChoose(null)}
      onClick={() => navigate(pathOf.device(device.device))}
    >
      <Mark state={device.state} role={device.role} primary={device.device === choice.snapshot.ledger.primary} />
      <text
        x={Math.cos(angle) * out}
        y={Math.sin(angle) * out}
        textAnchor={right ? 'start' : left ? 'end' : 'middle'}
        dominantBaseline={Math.abs(Math.cos(angle)) > 0.2 ? 'middle' : angle < 0 ? 'auto' : 'hanging'}
      >
        {device.name}
      </text>
    </g>
  );
}
