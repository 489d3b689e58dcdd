import type { SwarmSnapshot } from '../api/views.ts';
import { strategyWords } from '../format/words.ts';
import { Dots, fill } from '../parts/dots.tsx';
import { Panel } from '../parts/panel.tsx';
import style from './overview.module.css';

/** What may go wrong at once, for agreement and for learning: they differ, so they stand side by side. */
export function TolerancePanel({
  snapshot,
  className,
}: {
  readonly snapshot: SwarmSnapshot;
  readonly className?: string | undefined;
}) {
  const { quorum, training } = snapshot;
  return (
    <Panel title="What this swarm tolerates" className={className}>
      <div className={style.tolerances}>
        <div className={style.tolerance}>
          <h3>Consensus</h3>
          <div className={style.big}>
            f = {quorum.faultyTolerated} <small>of n = {quorum.replicas}</small>
          </div>
          <Dots kinds={fill(quorum.replicas, quorum.replicas - quorum.faultyTolerated, 'on', 'spare')} />
          <p>liars or failed replicas; {quorum.quorum} signatures make a quorum.</p>
        </div>
        <TrainingTolerance training={training} />
      </div>
      <ul className={style.limits}>
        <li>
          {isSet(training) && training.faultyTolerated < quorum.faultyTolerated
            ? 'Training tolerates fewer liars than consensus; the smaller number holds for the model.'
            : 'The training figure is per round and holds for the rule named, not for every attack.'}
        </li>
        <li>More liars than this at once, and no claim on this page holds.</li>
        <li>Keys are held in software, not in hardware: who copies a device’s key speaks as that device.</li>
      </ul>
    </Panel>
  );
}

/** Before the first job there is no rule, and so nothing that could be tolerated. */
function isSet({ strategy }: SwarmSnapshot['training']): boolean {
  return strategy !== 'none';
}

function TrainingTolerance({ training }: { readonly training: SwarmSnapshot['training'] }) {
  const { faultyTolerated, participants, strategy } = training;
  if (!isSet(training)) {
    return (
      <div className={style.tolerance}>
        <h3>Training</h3>
        <div className={style.big}>–</div>
        <p>no job has run, so no robust rule is set.</p>
      </div>
    );
  }
  return (
    <div className={style.tolerance}>
      <h3>Training</h3>
      <div className={style.big}>
        {faultyTolerated} <small>of {participants}</small>
      </div>
      <Dots kinds={fill(participants, participants - faultyTolerated, 'on', 'spare')} />
      <p>poisoned updates a round, under {strategyWords(strategy)}.</p>
    </div>
  );
}
