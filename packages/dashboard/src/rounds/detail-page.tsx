import { useRound, useSwarm } from '../api/queries.ts';
import type { RoundDetail, SwarmSnapshot } from '../api/views.ts';
import { percent } from '../format/numbers.ts';
import { Answer, Empty } from '../parts/answer.tsx';
import { Dots, fill } from '../parts/dots.tsx';
import { Hash } from '../parts/hash.tsx';
import { Icon } from '../parts/icons.tsx';
import { PageHeader } from '../parts/page-header.tsx';
import { Panel } from '../parts/panel.tsx';
import { Stat } from '../parts/stat.tsx';
import { RoundState } from '../parts/states.tsx';
import { Link } from '../routing/link.tsx';
import { pathOf } from '../routing/routes.ts';
import style from './rounds.module.css';
import { Scatter } from './scatter.tsx';
import { UpdatesTable } from './updates-table.tsx';

interface RoundPageProps {
  readonly job: string;
  readonly round: number;
}

export default function RoundPage({ job, round }: RoundPageProps) {
  const swarm = useSwarm();
  const detail = useRound(job, round);
  return (
    <>
      <PageHeader
        title={`Round ${round}`}
        up={{ to: '/rounds', label: 'Rounds' }}
        lead={
          <span className={style.lead}>
            Job {job} {detail.data !== undefined && <RoundState state={detail.data.state} />}
          </span>
        }
        aside={<Steps job={job} round={round} last={swarm.data?.job?.job === job ? swarm.data.job.round : null} />}
      />
      <Answer query={detail} lines={10}>
        {(data) => <Body detail={data} swarm={swarm.data} />}
      </Answer>
    </>
  );
}

function Steps({ job, round, last }: RoundPageProps & { readonly last: number | null }) {
  return (
    <nav className={style.steps} aria-label="Neighbouring rounds">
      {round > 1 && (
        <Link to={pathOf.round(job, round - 1)}>
          <Icon name="back" size={13} /> Round {round - 1}
        </Link>
      )}
      {last !== null && round < last && (
        <Link to={pathOf.round(job, round + 1)}>
          Round {round + 1} <Icon name="next" size={13} />
        </Link>
      )}
    </nav>
  );
}

function Body({ detail, swarm }: { readonly detail: RoundDetail; readonly swarm: SwarmSnapshot | undefined }) {
  const devices = swarm?.devices ?? [];
  // Until a quorum has committed the result there is no verdict to show, whatever a single replica thinks.
  const decided = detail.state === 'finalised' || detail.state === 'void';
  return (
    <div className={style.grid}>
      <div className={style.stats}>
        <Stat label="Accuracy" value={percent(detail.accuracy)}>
          {detail.accuracy === null ? 'not evaluated yet' : 'on held-back data'}
        </Stat>
        <Votes
          label="Attestations"
          votes={detail.attestations}
          swarm={swarm}
          says="replicas said which updates they hold"
        />
        <Votes label="Results" votes={detail.results} swarm={swarm} says="replicas committed this result" />
        <Stat
          label="Updates"
          value={
            decided ? (
              <>
                {detail.accepted} <small>accepted, {detail.refused} refused</small>
              </>
            ) : (
              <>
                {detail.updates.length} <small>of {detail.participants} are in</small>
              </>
            )
          }
        >
          {detail.modelHash === null ? (
            'no model yet'
          ) : (
            <span className={style.lead}>
              Model <Hash value={detail.modelHash} label="model hash" chars={12} />
            </span>
          )}
        </Stat>
      </div>
      <Panel title="Each update" flush className={style.table}>
        {detail.updates.length === 0 ? (
          <Empty title={detail.state === 'void' ? 'No update was attested' : 'No verdict yet'} icon="rounds">
            {detail.state === 'void'
              ? 'The round ended with the old model.'
              : 'Norm, cosine and weight appear when a quorum has committed the result.'}
          </Empty>
        ) : (
          <UpdatesTable updates={detail.updates} devices={devices} decided={decided} />
        )}
      </Panel>
      {decided && detail.updates.length > 0 && (
        <Panel title="Norm against direction" className={style.scatter}>
          <Scatter updates={detail.updates} devices={devices} />
        </Panel>
      )}
    </div>
  );
}

interface VotesProps {
  readonly label: string;
  readonly votes: number;
  readonly swarm: SwarmSnapshot | undefined;
  readonly says: string;
}

function Votes({ label, votes, swarm, says }: VotesProps) {
  if (swarm === undefined) {
    return (
      <Stat label={label} value={votes}>
        {says}
      </Stat>
    );
  }
  const { replicas, quorum } = swarm.quorum;
  return (
    <Stat
      label={label}
      value={
        <>
          {votes} <small>of {replicas}</small>
        </>
      }
      aside={<Dots kinds={fill(replicas, votes, 'on', 'off')} />}
    >
      {says}; {votes >= quorum ? `a quorum (${quorum})` : `a quorum is ${quorum}`}
    </Stat>
  );
}
