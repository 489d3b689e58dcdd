import { useEvidence, useSwarm } from '../api/queries.ts';
import type { EvidenceView } from '../api/views.ts';
import { count } from '../format/numbers.ts';
import { reasonWords, statement } from '../format/words.ts';
import { Answer } from '../parts/answer.tsx';
import { DeviceLink } from '../parts/device-link.tsx';
import { Facts } from '../parts/facts.tsx';
import { Hash } from '../parts/hash.tsx';
import { Icon } from '../parts/icons.tsx';
import { PageHeader } from '../parts/page-header.tsx';
import { Panel } from '../parts/panel.tsx';
import { Ago, ClockTime } from '../parts/time.tsx';
import { claimsOf } from './claims.ts';
import style from './evidence.module.css';
import { Verification } from './verification.tsx';

export default function EvidencePage({ id }: { readonly id: string }) {
  const evidence = useEvidence(id);
  return (
    <>
      <PageHeader
        title={evidence.data === undefined ? 'Evidence' : reasonWords(evidence.data.kind)}
        up={{ to: '/evidence', label: 'Evidence' }}
        lead={statement(evidence.data?.summary ?? '')}
      />
      <Answer query={evidence} lines={8}>
        {(data) => <Body evidence={data} />}
      </Answer>
    </>
  );
}

function Body({ evidence }: { readonly evidence: EvidenceView }) {
  const swarm = useSwarm();
  const { proves, doesNotProve } = claimsOf(evidence.kind);
  return (
    <div className={style.grid}>
      <Verification evidence={evidence} chainId={swarm.data?.swarm.id ?? null} className={style.wide} />
      <Panel title="What it proves">
        <ul className={style.claims} data-tone="ok">
          {proves.map((claim) => (
            <li key={claim}>
              <Icon name="check" size={14} />
              {claim}
            </li>
          ))}
        </ul>
      </Panel>
      <Panel title="What it does not prove">
        <ul className={style.claims} data-tone="idle">
          {doesNotProve.map((claim) => (
            <li key={claim}>
              <Icon name="cross" size={14} />
              {claim}
            </li>
          ))}
        </ul>
      </Panel>
      <Panel title="On the ledger" className={style.wide}>
        <Facts
          facts={[
            ['Accused', <DeviceLink key="accused" id={evidence.accused} devices={swarm.data?.devices ?? []} />],
            ['Kind', <code key="kind">{evidence.kind}</code>],
            ['Recorded', <RecordedAt key="recorded" evidence={evidence} />],
            ['Evidence id', <Hash key="id" value={evidence.id} label="evidence id" chars={32} />],
          ]}
        />
      </Panel>
    </div>
  );
}

function RecordedAt({ evidence }: { readonly evidence: EvidenceView }) {
  return (
    <>
      in block {count(evidence.height)} at <ClockTime atMs={evidence.atMs} /> (<Ago atMs={evidence.atMs} />)
    </>
  );
}
