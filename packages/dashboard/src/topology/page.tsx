import { useState } from 'react';
import { useSwarm } from '../api/queries.ts';
import type { SwarmSnapshot } from '../api/views.ts';
import { plural } from '../format/numbers.ts';
import { Answer, Empty } from '../parts/answer.tsx';
import { Boundary } from '../parts/boundary.tsx';
import { Deferred, partOf } from '../parts/deferred.tsx';
import { PageHeader } from '../parts/page-header.tsx';
import { Panel } from '../parts/panel.tsx';
import { neighbours, pairs } from './layout.ts';
import { Legend } from './legend.tsx';
import { PeerList } from './peer-list.tsx';
import { Ring } from './ring.tsx';
import style from './topology.module.css';

const cloud = partOf(() => import('./cloud.tsx'));

/** Above this labels on a circle collide, and a graph on the GPU takes over. */
const MAX_RING_DEVICES = 48;

export default function TopologyPage() {
  const swarm = useSwarm();
  return (
    <>
      <PageHeader title="Topology" lead={swarm.data === undefined ? undefined : <Lead snapshot={swarm.data} />} />
      <Answer query={swarm} lines={10}>
        {(snapshot) =>
          snapshot.devices.length === 0 ? (
            <Empty title="No device is registered yet" icon="topology" />
          ) : (
            <Swarm snapshot={snapshot} />
          )
        }
      </Answer>
    </>
  );
}

function Lead({ snapshot }: { readonly snapshot: SwarmSnapshot }) {
  const quarantined = snapshot.devices.filter((device) => device.state === 'quarantined').length;
  return (
    <>
      {plural(snapshot.devices.length, 'device')}, {plural(pairs(snapshot.links).length, 'connection')},{' '}
      {quarantined === 0 ? 'nobody' : quarantined} in quarantine.
    </>
  );
}

function Swarm({ snapshot }: { readonly snapshot: SwarmSnapshot }) {
  const [chosen, setChosen] = useState<string | null>(null);
  const adjacent = neighbours(snapshot);
  const shared = { snapshot, chosen, onChoose: setChosen, adjacent };
  return (
    <div className={style.grid}>
      <Panel
        title="Map"
        aside={<span>{snapshot.devices.length > MAX_RING_DEVICES ? 'Drag and scroll' : 'Point at a device'}</span>}
      >
        {snapshot.devices.length > MAX_RING_DEVICES ? (
          <Boundary>
            <Deferred part={cloud} props={shared} />
          </Boundary>
        ) : (
          <Ring {...shared} />
        )}
        <Legend />
      </Panel>
      <PeerList {...shared} />
    </div>
  );
}
