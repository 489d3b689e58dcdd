import type { ShrinkBudget } from '@murmuration/simulator';
import { faultOf, play, type Script } from '../../packages/consensus/test/cluster/script.ts';
import { describeScript, shrinkScript } from '../../packages/consensus/test/cluster/shrink.ts';
import type { Outcome, Report } from './sweep.ts';

/** Runs that the shrinking of one failure may take. */
const SHRINK_RUNS = 150;
/** And their processor time. */
const SHRINK_CPU_SECONDS = 60;

/** A failed run, with the smallest script found that fails in the same way. */
export async function failing(error: unknown, script: Script | undefined, replay: string): Promise<Outcome['failure']> {
  const reason = error instanceof Error ? error.message : String(error);
  const small = script === undefined ? undefined : await shrinkScript(script, shrinkBudget());
  if (small === undefined) return { reason, replay };
  return { reason, replay, steps: [...describeScript(small), `--schedule '${JSON.stringify(small)}'`] };
}

function shrinkBudget(): ShrinkBudget {
  const started = process.cpuUsage();
  let left = SHRINK_RUNS;
  return {
    get runs() {
      const { user, system } = process.cpuUsage(started);
      return (user + system) / 1e6 < SHRINK_CPU_SECONDS ? left : 0;
    },
    set runs(runs) {
      left = runs;
    },
  };
}

/** `--schedule`: plays one script and says what became of it. */
export async function replayScript(name: string, script: Script): Promise<Report> {
  const steps = describeScript(script);
  const replay = `npm run sim -- ${name} --schedule FILE`;
  try {
    const cluster = await play(script);
    console.log(`${steps.join('\n')}\n\nnothing is wrong; trace ${cluster.world.traceHash()}`);
    return { name, seeds: 1, failures: [], rows: [], hash: cluster.world.traceHash() };
  } catch (error) {
    const fault = faultOf(error);
    if (fault === undefined) throw error;
    return {
      name,
      seeds: 1,
      failures: [{ seed: script.seed, reason: fault.message, replay, steps }],
      rows: [],
      hash: '',
    };
  }
}
