import { useRounds, useSwarm } from '../api/queries.ts';
import type { RoundView } from '../api/views.ts';
import { count, percent } from '../format/numbers.ts';
import { strategyWords } from '../format/words.ts';
import { Answer, Empty } from '../parts/answer.tsx';
import { Hash } from '../parts/hash.tsx';
import { PageHeader } from '../parts/page-header.tsx';
import { Pager } from '../parts/pager.tsx';
import { Panel } from '../parts/panel.tsx';
import { RoundState } from '../parts/states.tsx';
import table from '../parts/table.module.css';
import { Link } from '../routing/link.tsx';
import { cursorOf, useAddress } from '../routing/location.ts';
import { pathOf } from '../routing/routes.ts';

export default function RoundsPage() {
  const swarm = useSwarm();
  return (
    <Answer query={swarm} lines={8}>
      {({ job }) =>
        job === null ? (
          <>
            <PageHeader title="Rounds" />
            <Empty title="No job has run yet" icon="rounds">
              Start one with <code>murmur train</code>.
            </Empty>
          </>
        ) : (
          <>
            <PageHeader
              title="Rounds"
              lead={
                <>
                  Job {job.job}: {job.dataset}, {strategyWords(job.strategy)}, {count(job.rounds)} rounds planned.
                </>
              }
            />
            <RoundsPanel job={job.job} />
          </>
        )
      }
    </Answer>
  );
}

function RoundsPanel({ job }: { readonly job: string }) {
  const cursor = cursorOf(useAddress());
  const rounds = useRounds(job, cursor);
  return (
    <Panel title={cursor === null ? 'Newest first' : 'Older rounds'} flush>
      <Answer query={rounds}>
        {({ items, next }) =>
          items.length === 0 ? (
            <Empty title="No round yet" icon="rounds" />
          ) : (
            <>
              <RoundsTable rounds={items} />
              <Pager path="/rounds" cursor={cursor} older={next} noun="rounds" />
            </>
          )
        }
      </Answer>
    </Panel>
  );
}

function RoundsTable({ rounds }: { readonly rounds: readonly RoundView[] }) {
  return (
    <div className={table.scroll}>
      <table className={`${table.table} ${table.cards}`}>
        <thead>
          <tr>
            <th scope="col">Round</th>
            <th scope="col">State</th>
            <th scope="col" className={table.right}>
              Accuracy
            </th>
            <th scope="col" className={table.right}>
              Participants
            </th>
            <th scope="col" className={table.right}>
              Accepted
            </th>
            <th scope="col" className={table.right}>
              Refused
            </th>
            <th scope="col" className={table.right}>
              Seconds
            </th>
            <th scope="col">Model</th>
          </tr>
        </thead>
        <tbody>
          {rounds.map((round) => (
            <Row key={round.round} round={round} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ round }: { readonly round: RoundView }) {
  return (
    <tr>
      <td>
        <Link to={pathOf.round(round.job, round.round)}>Round {round.round}</Link>
      </td>
      <td data-label="State">
        <RoundState state={round.state} />
      </td>
      <td data-label="Accuracy" className={table.right}>
        {percent(round.accuracy)}
      </td>
      <td data-label="Participants" className={table.right}>
        {count(round.participants)}
      </td>
      <td data-label="Accepted" className={table.right}>
        {count(round.accepted)}
      </td>
      <td data-label="Refused" className={table.right}>
        <span className={round.refused > 0 ? table.bad : undefined}>{count(round.refused)}</span>
      </td>
      <td data-label="Seconds" className={table.right}>
        {round.seconds === null ? '–' : round.seconds.toFixed(1)}
      </td>
      <td data-label="Model">
        {round.modelHash === null ? '–' : <Hash value={round.modelHash} label={`model hash of round ${round.round}`} />}
      </td>
    </tr>
  );
}
