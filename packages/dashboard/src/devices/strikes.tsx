import type { QuarantineView } from '../api/views.ts';
import { milliseconds } from '../format/numbers.ts';
import { reasonWords } from '../format/words.ts';
import { Panel } from '../parts/panel.tsx';
import { QuarantineEnd } from '../parts/quarantine-end.tsx';
import { Ago } from '../parts/time.tsx';
import { Link } from '../routing/link.tsx';
import { pathOf } from '../routing/routes.ts';
import style from './devices.module.css';

/** Why and for how long this device is, or was, shut out. */
export function Strikes({
  strikes,
  className,
}: {
  readonly strikes: readonly QuarantineView[];
  readonly className?: string | undefined;
}) {
  return (
    <Panel title="Quarantine" flush className={className}>
      <ul className={style.peers}>
        {strikes.map((strike) => (
          <li key={strike.sinceMs}>
            <div>
              <strong>{reasonWords(strike.reason)}</strong>
              <div className="muted">
                <Ago atMs={strike.sinceMs} />
                {strike.detectionMs !== null && <>, caught in {milliseconds(strike.detectionMs)}</>},{' '}
                {strike.evidenceId === null ? (
                  'rests on no evidence'
                ) : (
                  <Link to={pathOf.evidence(strike.evidenceId)}>see the evidence</Link>
                )}
              </div>
            </div>
            <QuarantineEnd untilMs={strike.untilMs} />
          </li>
        ))}
      </ul>
    </Panel>
  );
}
