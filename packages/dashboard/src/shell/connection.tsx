import { useLive } from '../api/context.tsx';
import type { LiveState } from '../api/live.ts';
import { relative } from '../format/time.ts';
import { Icon } from '../parts/icons.tsx';
import { useNow } from '../parts/use-now.ts';
import style from './shell.module.css';

/** Without events, polls still arrive this often when only the WebSocket is blocked. */
const POLLED_WITHIN_MS = 10_000;

type Words = { readonly tone: 'ok' | 'warn' | 'bad'; readonly label: string; readonly detail: string };

function wordsOf({ phase, lastUpdateMs }: LiveState, nowMs: number): Words {
  const last = lastUpdateMs === null ? 'No update yet' : `Last update ${relative(lastUpdateMs, nowMs)}`;
  if (phase === 'live') return { tone: 'ok', label: 'Live', detail: last };
  if (lastUpdateMs !== null && nowMs - lastUpdateMs < POLLED_WITHIN_MS && phase === 'connecting') {
    return { tone: 'warn', label: 'Polling', detail: last };
  }
  return phase === 'connecting'
    ? { tone: 'warn', label: 'Connecting', detail: last }
    : { tone: 'bad', label: 'Disconnected', detail: last };
}

export function ConnectionState() {
  const live = useLive();
  const nowMs = useNow();
  const { tone, label, detail } = wordsOf(live, nowMs);
  return (
    <div className={style.connection} data-tone={tone}>
      <span className={style.pulse} aria-hidden="true" />
      <span className={style.connectionLabel}>{label}</span>
      <span className={style.connectionDetail}>{detail}</span>
    </div>
  );
}

/** What stands on the page is old; it says so at once and by how much. */
export function ConnectionBanner() {
  const live = useLive();
  const nowMs = useNow();
  if (live.phase !== 'reconnecting') return <div role="status" className="sr-only" />;
  const last = live.lastUpdateMs === null ? 'No update yet' : `Last update ${relative(live.lastUpdateMs, nowMs)}`;
  return (
    <div role="status" className={style.banner}>
      <Icon name="warning" />
      <p>
        <strong>{last}; reconnecting.</strong> What you see is the last known state. If it stays, check that the swarm
        still runs (<code>npm start</code>).
      </p>
    </div>
  );
}
