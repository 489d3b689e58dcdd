import { useState } from 'react';
import { milliseconds, plural } from '../format/numbers.ts';
import { DeviceLink } from '../parts/device-link.tsx';
import { Panel } from '../parts/panel.tsx';
import { DeviceState, Planted } from '../parts/states.tsx';
import { Tag } from '../parts/tag.tsx';
import type { Choice } from './choice.ts';
import { inOrder, medianRtt } from './layout.ts';
import style from './topology.module.css';

/** A list of ten thousand would stall the page; more come on demand. */
const STEP = 60;

/** The map in words, reachable by keyboard: focus on a line lights the device up on the map. */
export function PeerList({ snapshot, adjacent, chosen, onChoose }: Choice) {
  const [shown, setShown] = useState(STEP);
  const devices = inOrder(snapshot.devices);
  return (
    <Panel title="Devices and their connections" flush>
      <ul className={style.peers}>
        {devices.slice(0, shown).map((device) => {
          const near = adjacent.get(device.device) ?? [];
          return (
            <li
              key={device.device}
              data-chosen={chosen === device.device || undefined}
              onMouseEnter={() => onChoose(device.device)}
              onMouseLeave={() => onChoose(null)}
              onFocus={() => onChoose(device.device)}
              onBlur={() => onChoose(null)}
            >
              <div className={style.peerHead}>
                <DeviceLink id={device.device} devices={snapshot.devices} />
                <DeviceState state={device.state} />
              </div>
              <p>
                {device.role === 'replica' ? 'Replica' : 'Member'}, {plural(near.length, 'connection')}
                {medianRtt(near) !== null && <>, median round trip {milliseconds(medianRtt(near))}</>}
              </p>
              {(device.behaviour !== null || device.device === snapshot.ledger.primary) && (
                <div className={style.peerTags}>
                  {device.device === snapshot.ledger.primary && <Tag tone="accent">primary</Tag>}
                  <Planted behaviour={device.behaviour} />
                </div>
              )}
            </li>
          );
        })}
      </ul>
      {devices.length > shown && (
        <button type="button" className={style.more} onClick={() => setShown(shown + STEP)}>
          Show {Math.min(STEP, devices.length - shown)} more of {devices.length}
        </button>
      )}
    </Panel>
  );
}
