import type { DeviceView } from '../api/views.ts';
import { Link } from '../routing/link.tsx';
import { pathOf } from '../routing/routes.ts';
import style from './device-link.module.css';

interface DeviceLinkProps {
  readonly id: string;
  readonly devices: readonly DeviceView[];
}

/** Name and short id; the id alone where the swarm does not list the device any more. */
export function DeviceLink({ id, devices }: DeviceLinkProps) {
  const known = devices.find((device) => device.device === id);
  return (
    <Link to={pathOf.device(id)} className={style.link} title={id}>
      <span className={style.name}>{known?.name ?? id.slice(4, 12)}</span>
      {known !== undefined && <code className={style.short}>{known.short}</code>}
    </Link>
  );
}
