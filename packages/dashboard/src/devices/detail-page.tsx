import { useSwarm } from '../api/queries.ts';
import type { DeviceView, SwarmSnapshot } from '../api/views.ts';
import { milliseconds } from '../format/numbers.ts';
import { Answer, Empty } from '../parts/answer.tsx';
import { DeviceLink } from '../parts/device-link.tsx';
import { Facts } from '../parts/facts.tsx';
import { PageHeader } from '../parts/page-header.tsx';
import { Panel } from '../parts/panel.tsx';
import { DeviceState, Planted } from '../parts/states.tsx';
import { Tag } from '../parts/tag.tsx';
import { Link } from '../routing/link.tsx';
import { neighbours } from '../topology/layout.ts';
import { factsOf } from './device-facts.tsx';
import style from './devices.module.css';
import { Strikes } from './strikes.tsx';

export default function DevicePage({ id }: { readonly id: string }) {
  const swarm = useSwarm();
  const device = swarm.data?.devices.find((each) => each.device === id);
  return (
    <>
      <PageHeader
        title={device?.name ?? 'Device'}
        up={{ to: '/devices', label: 'Devices' }}
        lead={device !== undefined && swarm.data !== undefined && <Lead device={device} snapshot={swarm.data} />}
      />
      <Answer query={swarm} lines={10}>
        {(snapshot) => (device === undefined ? <Unknown id={id} /> : <Body device={device} snapshot={snapshot} />)}
      </Answer>
    </>
  );
}

function Unknown({ id }: { readonly id: string }) {
  return (
    <Empty title="This swarm lists no such device" icon="devices">
      <code>{id}</code>
      <br />
      <Link to="/devices">All devices</Link>
    </Empty>
  );
}

function Lead({ device, snapshot }: { readonly device: DeviceView; readonly snapshot: SwarmSnapshot }) {
  return (
    <span className={style.tags}>
      <DeviceState state={device.state} />
      {device.device === snapshot.ledger.primary && <Tag tone="accent">primary of view {snapshot.ledger.view}</Tag>}
      <Planted behaviour={device.behaviour} />
    </span>
  );
}

function Body({ device, snapshot }: { readonly device: DeviceView; readonly snapshot: SwarmSnapshot }) {
  const near = neighbours(snapshot).get(device.device) ?? [];
  const strikes = snapshot.quarantines.filter((each) => each.device === device.device);
  return (
    <div className={style.grid}>
      {strikes.length > 0 && <Strikes strikes={strikes} className={style.wide} />}
      <Panel title="About this device">
        <Facts facts={factsOf(device, snapshot)} />
      </Panel>
      <Panel title={`Connections (${near.length})`} flush>
        {near.length === 0 ? (
          <Empty title="Connected with nobody" icon="topology" />
        ) : (
          <ul className={style.peers}>
            {near.map((each) => (
              <li key={each.device}>
                <DeviceLink id={each.device} devices={snapshot.devices} />
                <span className="muted num">{each.rttMs === null ? 'not measured' : milliseconds(each.rttMs)}</span>
              </li>
            ))}
          </ul>
        )}
      </Panel>
    </div>
  );
}
