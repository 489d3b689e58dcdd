import type { QuarantineView, SwarmSnapshot } from '../api/views.ts';
import { milliseconds } from '../format/numbers.ts';
import { reasonWords } from '../format/words.ts';
import { Empty } from '../parts/answer.tsx';
import { DeviceLink } from '../parts/device-link.tsx';
import { Panel } from '../parts/panel.tsx';
import { QuarantineEnd } from '../parts/quarantine-end.tsx';
import { Ago } from '../parts/time.tsx';
import { Link } from '../routing/link.tsx';
import { pathOf } from '../routing/routes.ts';
import style from './overview.module.css';

const SHOWN = 6;

export function QuarantinesPanel({
  snapshot,
  className,
}: {
  readonly snapshot: SwarmSnapshot;
  readonly className?: string | undefined;
}) {
  const newest = [...snapshot.quarantines].sort((a, b) => b.sinceMs - a.sinceMs);
  return (
    <Panel title="Latest quarantines" aside={<Link to="/evidence">All evidence</Link>} flush className={className}>
      <div className={style.terms}>
        {newest.length === 0 ? (
          <Empty title="Nobody is in quarantine" icon="evidence">
            A device comes here when a quorum commits proof that it lied.
          </Empty>
        ) : (
          <ul className={style.quarantines}>
            {newest.slice(0, SHOWN).map((each) => (
              <li key={`${each.device}/${each.sinceMs}`}>
                <Entry quarantine={each} snapshot={snapshot} />
              </li>
            ))}
          </ul>
        )}
        <p>
          A term lasts 5 minutes, then 15, then an hour; then a ban, where a strike rests on evidence. 10 minutes of
          observation follow each release. Meanwhile its updates are refused; its replica’s vote still counts.
        </p>
      </div>
    </Panel>
  );
}

function Entry({ quarantine, snapshot }: { readonly quarantine: QuarantineView; readonly snapshot: SwarmSnapshot }) {
  const { evidenceId, detectionMs } = quarantine;
  return (
    <>
      <div className={style.row}>
        <DeviceLink id={quarantine.device} devices={snapshot.devices} />
        <QuarantineEnd untilMs={quarantine.untilMs} />
      </div>
      <p>{reasonWords(quarantine.reason)}</p>
      <p className="muted">
        <Ago atMs={quarantine.sinceMs} />
        {detectionMs !== null && <> · caught in {milliseconds(detectionMs)}</>} ·{' '}
        {evidenceId === null ? 'rests on no evidence' : <Link to={pathOf.evidence(evidenceId)}>Evidence</Link>}
      </p>
    </>
  );
}
