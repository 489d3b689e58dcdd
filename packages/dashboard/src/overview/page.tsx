import { useSwarm } from '../api/queries.ts';
import type { SwarmSnapshot } from '../api/views.ts';
import { Answer } from '../parts/answer.tsx';
import { PageHeader } from '../parts/page-header.tsx';
import { Tag } from '../parts/tag.tsx';
import { Ago } from '../parts/time.tsx';
import { AccuracyPanel } from './accuracy-panel.tsx';
import { DevicesPanel } from './devices-panel.tsx';
import { healthOf } from './health.ts';
import style from './overview.module.css';
import { QuarantinesPanel } from './quarantines-panel.tsx';
import { Stats } from './stats.tsx';
import { TolerancePanel } from './tolerance-panel.tsx';

/** The first screen: is it well, does it learn, who lied. */
export function OverviewPage() {
  const swarm = useSwarm();
  return (
    <>
      <Head snapshot={swarm.data} />
      <Answer query={swarm} lines={10}>
        {(snapshot) => (
          <div className={style.grid}>
            <div className={style.stats}>
              <Stats snapshot={snapshot} />
            </div>
            <AccuracyPanel job={snapshot.job} devices={snapshot.devices.length} className={style.wide} />
            <TolerancePanel snapshot={snapshot} className={style.narrow} />
            <DevicesPanel snapshot={snapshot} className={style.wide} />
            <QuarantinesPanel snapshot={snapshot} className={style.narrow} />
          </div>
        )}
      </Answer>
    </>
  );
}

function Head({ snapshot }: { readonly snapshot: SwarmSnapshot | undefined }) {
  if (snapshot === undefined) return <PageHeader title="Overview" />;
  const health = healthOf(snapshot.quorum);
  return (
    <PageHeader
      title={snapshot.swarm.name}
      lead={
        <span className={style.lead}>
          <Tag tone={health.tone}>{health.word}</Tag> <span>{health.says}</span>
        </span>
      }
      aside={
        <span className="muted">
          started <Ago atMs={snapshot.swarm.startedAtMs} /> · v{snapshot.swarm.version}
        </span>
      }
    />
  );
}
