import { useState } from 'react';
import type { JobView, RoundView } from '../api/views.ts';
import { percent } from '../format/numbers.ts';
import { strategyWords } from '../format/words.ts';
import { Empty } from '../parts/answer.tsx';
import { Boundary } from '../parts/boundary.tsx';
import { Deferred, partOf } from '../parts/deferred.tsx';
import { Panel } from '../parts/panel.tsx';
import { Link } from '../routing/link.tsx';
import { pathOf } from '../routing/routes.ts';
import style from './overview.module.css';

const chart = partOf(() => import('./accuracy-chart.tsx'));

interface AccuracyPanelProps {
  readonly job: JobView | null;
  readonly devices: number;
  readonly className?: string | undefined;
}

export function AccuracyPanel({ job, devices, className }: AccuracyPanelProps) {
  const [pointed, setPointed] = useState<number | null>(null);
  const rounds = (job?.history ?? []).filter((round) => round.state === 'finalised' || round.state === 'void');
  return (
    <Panel title="Accuracy by round" aside={rounds.length > 0 && <Keys />} className={className}>
      {job === null ? (
        <Empty title="No job has run yet" icon="rounds">
          Start one with <code>murmur train</code>; its rounds appear here as they are finalised.
        </Empty>
      ) : rounds.length === 0 ? (
        <Empty title="The first round is still open" icon="rounds">
          {job.dataset} on {devices} devices, {strategyWords(job.strategy)}
        </Empty>
      ) : (
        <div className={style.plotted}>
          <Readout job={job} round={rounds.find((round) => round.round === pointed) ?? rounds.at(-1)} />
          <div className={style.chart}>
            <Boundary>
              <Deferred part={chart} props={{ rounds, planned: job.rounds, pointed, onPoint: setPointed }} lines={6} />
            </Boundary>
          </div>
        </div>
      )}
    </Panel>
  );
}

function Keys() {
  return (
    <span className={style.keys} aria-hidden="true">
      <span className={style.key} data-key="accuracy">
        accuracy
      </span>
      <span className={style.key} data-key="refused">
        refused updates
      </span>
    </span>
  );
}

function Readout({ job, round }: { readonly job: JobView; readonly round: RoundView | undefined }) {
  if (round === undefined) return null;
  return (
    <div className={style.readout} aria-live="polite">
      <span>
        <Link to={pathOf.round(job.job, round.round)}>Round {round.round}</Link> of {job.rounds}
      </span>
      <span>
        <b>{percent(round.accuracy)}</b> accuracy
      </span>
      <span>
        <b>{round.accepted}</b> accepted
      </span>
      <span>
        <b>{round.refused}</b> refused
      </span>
      {round.seconds !== null && (
        <span>
          <b>{round.seconds.toFixed(1)} s</b>
        </span>
      )}
      <span>{job.dataset}</span>
    </div>
  );
}
