import { SegmentedControl, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useSwarm } from '../api/queries.ts';
import type { DeviceView, SwarmSnapshot } from '../api/views.ts';
import { count, plural } from '../format/numbers.ts';
import { Answer, Empty } from '../parts/answer.tsx';
import { DeviceTable } from '../parts/device-table.tsx';
import { PageHeader } from '../parts/page-header.tsx';
import { Panel } from '../parts/panel.tsx';
import style from './devices.module.css';

/** Rows on the page at once: a browser lays out ten thousand only with a long pause. */
const MAX_ROWS = 100;

type Filter = 'all' | DeviceView['state'];
const FILTERS: readonly { readonly value: Filter; readonly label: string }[] = [
  { value: 'all', label: 'All' },
  { value: 'up', label: 'Up' },
  { value: 'starting', label: 'Starting' },
  { value: 'down', label: 'Down' },
  { value: 'quarantined', label: 'Quarantined' },
];

export default function DevicesPage() {
  const swarm = useSwarm();
  return (
    <>
      <PageHeader title="Devices" lead="Replicas vote on the ledger; every device trains on data that stays with it." />
      <Answer query={swarm} lines={8}>
        {(snapshot) => <Devices snapshot={snapshot} />}
      </Answer>
    </>
  );
}

function Devices({ snapshot }: { readonly snapshot: SwarmSnapshot }) {
  const [filter, setFilter] = useState<Filter>('all');
  const [text, setText] = useState('');
  const found = snapshot.devices.filter((device) => matches(device, filter, text));
  return (
    <Panel title={`${count(found.length)} of ${plural(snapshot.devices.length, 'device')}`} flush>
      <div className={style.filters}>
        <TextInput
          size="xs"
          aria-label="Find by name or id"
          placeholder="Name or id"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <SegmentedControl
          size="xs"
          aria-label="State"
          value={filter}
          onChange={(value) => setFilter(value as Filter)}
          data={[...FILTERS]}
          className={style.states}
        />
      </div>
      {found.length === 0 ? (
        <Empty title="No device matches" icon="devices">
          Widen the filter.
        </Empty>
      ) : (
        <DeviceTable devices={found.slice(0, MAX_ROWS)} snapshot={snapshot} />
      )}
      {found.length > MAX_ROWS && (
        <p className={style.more}>
          The first {MAX_ROWS} of {count(found.length)}: narrow the search to see others.
        </p>
      )}
    </Panel>
  );
}

function matches(device: DeviceView, filter: Filter, text: string): boolean {
  if (filter !== 'all' && device.state !== filter) return false;
  const wanted = text.trim().toLowerCase();
  return wanted === '' || device.name.toLowerCase().includes(wanted) || device.device.includes(wanted);
}
