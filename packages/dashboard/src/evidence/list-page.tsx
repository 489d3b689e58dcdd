import { useEvidenceList, useSwarm } from '../api/queries.ts';
import type { DeviceView, EvidenceView } from '../api/views.ts';
import { count } from '../format/numbers.ts';
import { reasonWords, statement } from '../format/words.ts';
import { Answer, Empty } from '../parts/answer.tsx';
import { DeviceLink } from '../parts/device-link.tsx';
import { PageHeader } from '../parts/page-header.tsx';
import { Pager } from '../parts/pager.tsx';
import { Panel } from '../parts/panel.tsx';
import { Ago } from '../parts/time.tsx';
import { Link } from '../routing/link.tsx';
import { cursorOf, useAddress } from '../routing/location.ts';
import { pathOf } from '../routing/routes.ts';
import style from './evidence.module.css';

export default function EvidenceListPage() {
  const swarm = useSwarm();
  const cursor = cursorOf(useAddress());
  const evidence = useEvidenceList(cursor);
  return (
    <>
      <PageHeader
        title="Evidence"
        lead="Lies that can be proved. Each bundle stands by itself: anyone can check it offline, without trusting this swarm."
      />
      <Panel title={cursor === null ? 'Newest first' : 'Older evidence'} flush>
        <Answer query={evidence}>
          {({ items, next }) =>
            items.length === 0 ? (
              <Empty title="No evidence on the ledger" icon="evidence">
                Nobody has been caught. That is not proof that nobody lies.
              </Empty>
            ) : (
              <>
                <ul className={style.list}>
                  {items.map((each) => (
                    <Entry key={each.id} evidence={each} devices={swarm.data?.devices ?? []} />
                  ))}
                </ul>
                <Pager path="/evidence" cursor={cursor} older={next} noun="evidence" />
              </>
            )
          }
        </Answer>
      </Panel>
    </>
  );
}

function Entry({ evidence, devices }: { readonly evidence: EvidenceView; readonly devices: readonly DeviceView[] }) {
  return (
    <li>
      <div className={style.entryHead}>
        <Link to={pathOf.evidence(evidence.id)} className={style.kind}>
          {reasonWords(evidence.kind)}
        </Link>
        <span className="muted">
          block {count(evidence.height)} · <Ago atMs={evidence.atMs} />
        </span>
      </div>
      <p className={style.against}>
        against <DeviceLink id={evidence.accused} devices={devices} />
      </p>
      <p className={style.summary}>{statement(evidence.summary)}</p>
    </li>
  );
}
