import type { DeviceView, SwarmSnapshot } from '../api/views.ts';
import { count } from '../format/numbers.ts';
import { Empty } from './answer.tsx';
import { DeviceLink } from './device-link.tsx';
import { DeviceState, Planted } from './states.tsx';
import table from './table.module.css';
import { Tag } from './tag.tsx';

interface DeviceTableProps {
  readonly devices: readonly DeviceView[];
  readonly snapshot: SwarmSnapshot;
}

export function DeviceTable({ devices, snapshot }: DeviceTableProps) {
  if (devices.length === 0) return <Empty title="No device is registered yet" icon="devices" />;
  return (
    <div className={table.scroll}>
      <table className={`${table.table} ${table.cards}`}>
        <thead>
          <tr>
            <th scope="col">Device</th>
            <th scope="col">State</th>
            <th scope="col">Role</th>
            <th scope="col" className={table.right}>
              Height
            </th>
            <th scope="col" className={table.right}>
              Samples
            </th>
            <th scope="col" className={table.right}>
              Memory
            </th>
          </tr>
        </thead>
        <tbody>
          {devices.map((device) => (
            <Row key={device.device} device={device} snapshot={snapshot} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ device, snapshot }: { readonly device: DeviceView; readonly snapshot: SwarmSnapshot }) {
  const behind = snapshot.ledger.height - device.height;
  return (
    <tr>
      <td>
        <span className={table.tags}>
          <DeviceLink id={device.device} devices={snapshot.devices} />
          {device.device === snapshot.ledger.primary && (
            <Tag tone="accent" title={`Primary of view ${snapshot.ledger.view}: it proposes the blocks`}>
              primary
            </Tag>
          )}
          <Planted behaviour={device.behaviour} />
        </span>
      </td>
      <td data-label="State">
        <DeviceState state={device.state} />
      </td>
      <td data-label="Role">{device.role === 'replica' ? 'Replica' : 'Member'}</td>
      <td data-label="Height" className={table.right}>
        <span>
          {count(device.height)}
          {behind > 0 && <span className="muted"> −{count(behind)}</span>}
        </span>
      </td>
      <td data-label="Samples" className={table.right}>
        {count(device.samples)}
      </td>
      <td data-label="Memory" className={table.right}>
        {device.pid === null ? '–' : `${count(device.rssMb)} MiB`}
      </td>
    </tr>
  );
}
