import type { DeviceView, LinkView, SwarmSnapshot } from '../api/views.ts';

export interface PlacedDevice {
  readonly device: DeviceView;
  readonly x: number;
  readonly y: number;
  /** Radians, 0 to the right, clockwise: where the label goes. */
  readonly angle: number;
}

export interface Neighbour {
  readonly device: string;
  readonly rttMs: number | null;
}

/** Devices on a circle, by name from the top and clockwise: the same swarm always looks the same. */
export function onCircle(devices: readonly DeviceView[], radius: number): readonly PlacedDevice[] {
  const ordered = inOrder(devices);
  return ordered.map((device, index) => {
    const angle = (index / ordered.length) * 2 * Math.PI - Math.PI / 2;
    return { device, angle, x: radius * Math.cos(angle), y: radius * Math.sin(angle) };
  });
}

const collator = new Intl.Collator('en', { numeric: true });

export function inOrder(devices: readonly DeviceView[]): readonly DeviceView[] {
  return [...devices].sort((a, b) => collator.compare(a.name, b.name) || (a.device < b.device ? -1 : 1));
}

/** One line per pair, whichever side reported it; the smaller round trip of the two where both measured. */
export function pairs(links: readonly LinkView[]): readonly LinkView[] {
  const byPair = new Map<string, LinkView>();
  for (const link of links) {
    const [from, to] = link.from < link.to ? [link.from, link.to] : [link.to, link.from];
    const known = byPair.get(`${from}/${to}`);
    byPair.set(`${from}/${to}`, { from, to, rttMs: smaller(known?.rttMs ?? null, link.rttMs) });
  }
  return [...byPair.values()];
}

function smaller(a: number | null, b: number | null): number | null {
  return a === null ? b : b === null ? a : Math.min(a, b);
}

/** Who is connected with whom. */
export function neighbours(snapshot: SwarmSnapshot): ReadonlyMap<string, readonly Neighbour[]> {
  const found = new Map<string, Neighbour[]>(snapshot.devices.map(({ device }) => [device, []]));
  for (const { from, to, rttMs } of pairs(snapshot.links)) {
    found.get(from)?.push({ device: to, rttMs });
    found.get(to)?.push({ device: from, rttMs });
  }
  return found;
}

/** Of those measured; null where none is. */
export function medianRtt(of: readonly Neighbour[]): number | null {
  const known = of.flatMap(({ rttMs }) => (rttMs === null ? [] : [rttMs])).sort((a, b) => a - b);
  return known[Math.floor(known.length / 2)] ?? null;
}
