import { useLive } from '../api/context.tsx';
import type { SwarmSnapshot } from '../api/views.ts';
import { count, milliseconds, percent } from '../format/numbers.ts';
import { Dots, fill } from '../parts/dots.tsx';
import { Hash } from '../parts/hash.tsx';
import { Progress } from '../parts/progress.tsx';
import { Sparkline } from '../parts/sparkline.tsx';
import { Stat } from '../parts/stat.tsx';
import { Tag } from '../parts/tag.tsx';
import style from './overview.module.css';

export function Stats({ snapshot }: { readonly snapshot: SwarmSnapshot }) {
  return (
    <>
      <QuorumStat snapshot={snapshot} />
      <LedgerStat snapshot={snapshot} />
      <LatencyStat snapshot={snapshot} />
      <AccuracyStat job={snapshot.job} />
    </>
  );
}

function QuorumStat({ snapshot: { quorum } }: { readonly snapshot: SwarmSnapshot }) {
  return (
    <Stat
      label="Live replicas"
      value={
        <>
          {quorum.live} <small>of {quorum.replicas}</small>
        </>
      }
      aside={<Dots kinds={fill(quorum.replicas, quorum.live, 'on', 'off')} />}
    >
      A quorum is {quorum.quorum}; f = {quorum.faultyTolerated} of n = {quorum.replicas}
    </Stat>
  );
}

function LedgerStat({ snapshot: { ledger, quorum } }: { readonly snapshot: SwarmSnapshot }) {
  const agreed = ledger.replicasAgreeing >= quorum.quorum;
  return (
    <Stat
      label="Ledger height"
      value={count(ledger.height)}
      aside={
        <Tag tone={agreed ? 'ok' : 'warn'} title="Replicas that report this state root at this height">
          {ledger.replicasAgreeing} of {quorum.replicas} agree
        </Tag>
      }
    >
      <span className={style.hashes}>
        State root <Hash value={ledger.stateRoot} label="state root" chars={12} />
      </span>
    </Stat>
  );
}

function LatencyStat({ snapshot: { ledger } }: { readonly snapshot: SwarmSnapshot }) {
  const { latency } = useLive();
  const { p50, p99 } = ledger.commitLatencyMs;
  return (
    <Stat
      label="Commit latency"
      value={
        <>
          {milliseconds(p50 > 0 ? p50 : null)} <small>p50</small>
        </>
      }
      aside={
        <Sparkline
          values={latency.map((sample) => sample.p50)}
          label="Median commit latency since this page was opened"
        />
      }
    >
      p99 {milliseconds(p99 > 0 ? p99 : null)} · view {ledger.view}
    </Stat>
  );
}

function AccuracyStat({ job }: { readonly job: SwarmSnapshot['job'] }) {
  if (job === null) {
    return (
      <Stat label="Model accuracy" value="–">
        No job has run yet
      </Stat>
    );
  }
  const done = job.history.filter((round) => round.state === 'finalised' || round.state === 'void').at(-1)?.round ?? 0;
  return (
    <Stat
      label="Model accuracy"
      value={percent(job.accuracy)}
      aside={
        <Tag tone={job.state === 'running' ? 'accent' : 'ok'}>{job.state === 'running' ? 'Training' : 'Finished'}</Tag>
      }
    >
      <Progress share={job.rounds === 0 ? 0 : done / job.rounds} label={`Rounds done: ${done} of ${job.rounds}`} />
      <div className={style.row} style={{ marginTop: 6 }}>
        <span>held-back data</span>
        <span className="num">
          {done} / {job.rounds} rounds
        </span>
      </div>
    </Stat>
  );
}
