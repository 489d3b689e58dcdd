import type { SwarmSnapshot } from '../api/views.ts';
import { count } from '../format/numbers.ts';
import { DeviceTable } from '../parts/device-table.tsx';
import { Panel } from '../parts/panel.tsx';
import { Link } from '../routing/link.tsx';

/** A first screen is not a list of ten thousand: those that need attention come first. */
const SHOWN = 12;
const URGENCY = { quarantined: 0, down: 1, starting: 2, up: 3 } as const;

export function DevicesPanel({
  snapshot,
  className,
}: {
  readonly snapshot: SwarmSnapshot;
  readonly className?: string | undefined;
}) {
  const { devices } = snapshot;
  const shown =
    devices.length <= SHOWN
      ? devices
      : [...devices].sort((a, b) => URGENCY[a.state] - URGENCY[b.state]).slice(0, SHOWN);
  return (
    <Panel
      title="Devices"
      aside={<Link to="/devices">{devices.length > SHOWN ? `All ${count(devices.length)}` : 'Details'}</Link>}
      flush
      className={className}
    >
      <DeviceTable devices={shown} snapshot={snapshot} />
    </Panel>
  );
}
