import type { DeviceView } from '../api/views.ts';
import style from './topology.module.css';

interface MarkProps {
  readonly state: DeviceView['state'];
  readonly role: DeviceView['role'];
  readonly primary?: boolean;
}

/** A device as a shape: the state shows in colour and in form, so that colour alone never carries it. */
export function Mark({ state, role, primary = false }: MarkProps) {
  return (
    <g className={style.mark} data-state={state}>
      {primary && <circle r="17" className={style.primary} />}
      {role === 'replica' ? <circle r="12" className={style.body} /> : <circle r="8.5" className={style.body} />}
      {state === 'up' && <circle r="3.6" className={style.core} />}
      {state === 'quarantined' && <path d="M-4 -4 4 4M4 -4-4 4" className={style.glyph} />}
      {state === 'starting' && <path d="M-4.5 0a4.5 4.5 0 0 1 9 0" className={style.glyph} />}
      {state === 'down' && <path d="M-4.5 0h9" className={style.glyph} />}
    </g>
  );
}
