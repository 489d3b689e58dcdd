/** What the seven processes lose when some of them are killed, as their client sees it. */
import type { Row } from '../rows.ts';
import { openLoop } from './load.ts';
import { median } from './median.ts';
import { ReplicaSwarm } from './swarm.ts';
import { REPLICAS } from './swarm-world.ts';
import { signTransactions } from './transactions.ts';

const REPETITIONS = 3;
const TIMEOUT_MS = 1000;
/** One more than f: the other four are no quorum. */
const STOPPED = [4, 5, 6];
const OUTAGE_MS = 5000;
const RETURN_BAR_MS = 3000;
/** Light: what is measured is the protocol's patience. Submitted as devices do, each to a replica of its own. */
const PER_SECOND = 70;
const BEFORE_MS = 2000;
const AFTER_MS = 6000;
const SUBMITTED = (PER_SECOND * (BEFORE_MS + OUTAGE_MS + AFTER_MS)) / 1000 + 1;

export async function recoveryRows(): Promise<Row[]> {
  const crashes: number[] = [];
  const returns: { readonly sinceReturnMs: number; readonly sinceForkMs: number }[] = [];
  for (let repetition = 0; repetition < REPETITIONS; repetition++) {
    crashes.push(await crashOfPrimary());
    returns.push(await returnOfQuorum());
  }
  const crashMs = median(crashes);
  const returnMs = median(returns.map(({ sinceReturnMs }) => sinceReturnMs));
  const forkMs = median(returns.map(({ sinceForkMs }) => sinceForkMs));
  const worst = Math.max(...crashes).toFixed(0);
  const worstReturn = Math.max(...returns.map(({ sinceReturnMs }) => sinceReturnMs)).toFixed(0);
  return [
    {
      what: 'commit of a new view after kill -9 of the primary, seven processes',
      value: crashMs,
      unit: 'ms',
      against: `a timeout of ${TIMEOUT_MS} ms; worst of ${REPETITIONS}: ${worst}`,
      bar: '≤ 2 timeouts',
      holds: crashMs <= 2 * TIMEOUT_MS,
    },
    {
      what: `commit after kill -9 of ${STOPPED.length} of ${REPLICAS} and their return`,
      value: returnMs,
      unit: 'ms',
      against: `the fifth replica taking part again, ${forkMs.toFixed(0)} ms from its fork on; worst of ${REPETITIONS}: ${worstReturn}`,
      bar: '≤ 3000',
      holds: returnMs <= RETURN_BAR_MS,
    },
  ];
}

/** @returns milliseconds from the kill to the first block of a later view */
async function crashOfPrimary(): Promise<number> {
  await using swarm = await ReplicaSwarm.start({ pbft: { progressTimeoutMs: TIMEOUT_MS } });
  const { client } = swarm;
  const load = submit(swarm, BEFORE_MS + AFTER_MS);
  await pause(BEFORE_MS);
  const { view } = client;
  const killedMs = performance.now();
  await swarm.kill(view % REPLICAS);
  await load;
  const first = client.blocks.find((block) => block.view > view);
  if (first === undefined) throw new Error('no block of a new view');
  return first.atMs - killedMs;
}

/** @returns milliseconds to the first block since a quorum runs again, and since its processes were started */
async function returnOfQuorum(): Promise<{ sinceReturnMs: number; sinceForkMs: number }> {
  await using swarm = await ReplicaSwarm.start({ pbft: { progressTimeoutMs: TIMEOUT_MS } });
  const { client } = swarm;
  const load = submit(swarm, BEFORE_MS + OUTAGE_MS + AFTER_MS);
  await pause(BEFORE_MS);
  await Promise.all(STOPPED.map((self) => swarm.kill(self)));
  await pause(OUTAGE_MS / 2);
  const { length } = client.blocks;
  await pause(OUTAGE_MS / 2);
  if (client.blocks.length > length) throw new Error('four of seven committed: they are no quorum');
  const forkedMs = performance.now();
  const returned: number[] = [];
  await Promise.all(
    STOPPED.map(async (self) => {
      await swarm.boot(self);
      returned.push(performance.now());
    }),
  );
  await load;
  const first = client.blocks[length];
  if (first === undefined) throw new Error('no block after the return');
  return { sinceReturnMs: first.atMs - Math.min(...returned), sinceForkMs: first.atMs - forkedMs };
}

async function submit({ client }: ReplicaSwarm, durationMs: number): Promise<void> {
  const transactions = signTransactions(SUBMITTED, 1).values();
  const target = (i: number) => i % REPLICAS;
  await openLoop(client, transactions, { perSecond: PER_SECOND, warmUpMs: 0, durationMs, target });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
