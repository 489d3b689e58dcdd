/**
 * `npm run sim -- private-rounds --seeds N --from SEED`: ten devices with real keys, four of them replicas, train in
 * private rounds of two groups, while links lose messages and devices crash, restart and are cut off; then peace. Jobs
 * end, states agree, nobody is accused, no update is pushed, and each device debits itself once a round at most.
 */
import { bytesUpTo, decode, integer, type MessagePort, struct, text } from '@murmuration/core';
import {
  decodeUpdate,
  defaultPlan,
  makePrivate,
  modelSpec,
  type PrivatePlan,
  parameterCount,
} from '@murmuration/learning';
import { createBudgetLedger } from '@murmuration/privacy';
import { makePeace, unleashChaos } from '@murmuration/simulator';
import type { Row } from '../bench/rows.ts';
import {
  openWorkshop,
  type SimulatedSwarm,
  simulateSwarm,
  type Workshop,
} from '../packages/node/test/support/simulated-swarm.ts';
import { type Outcome, type Report, runSweep, type Sweep, type SweepOptions, timed } from './sweep/sweep.ts';

export const name = 'private-rounds';

const DEVICES = 10;
const REPLICAS = 4;
const ROUNDS = 4;
const CHAOS_MS = 25_000;
const PLAN: PrivatePlan = makePrivate(
  {
    ...defaultPlan('digits'),
    dataset: { kind: 'digits', train: 420, test: 60 },
    model: { hidden: 1, features: 784 },
    localSamples: 32,
    faulty: 0,
  },
  { clippingNorm: 4, noise: { kind: 'budget', epsilon: 8, delta: 1e-5 } },
  { devices: DEVICES, rounds: ROUNDS },
);
const pushSchema = struct({ job: text(32), round: integer(1), update: bytesUpTo(2 ** 20) });

interface RoundsOutcome extends Outcome {
  /** Groups with a sum, of all groups of all rounds. */
  readonly sums: number;
  readonly finalised: number;
}

export const sweep: Sweep<RoundsOutcome> = { name, seed, rows };

export function run(options: SweepOptions): Promise<Report> {
  return runSweep(sweep, options);
}

async function seed(seed: number): Promise<RoundsOutcome> {
  const replay = `npm run sim -- ${name} --from ${seed} --seeds 1`;
  const { value, cpuSeconds } = await timed(async () => {
    await using workshop = await openWorkshop(PLAN);
    try {
      return await live(workshop, seed, replay);
    } catch (error) {
      return { reason: error instanceof Error ? error.message : String(error), hash: '', sums: 0, finalised: 0 };
    }
  });
  const { reason, hash, sums, finalised } = value;
  return { seed, hash, failure: reason === undefined ? null : { reason, replay }, cpuSeconds, sums, finalised };
}

async function live(workshop: Workshop, seed: number, replay: string) {
  let open = 0;
  const length = parameterCount(modelSpec(PLAN));
  const swarm = simulateSwarm(workshop, {
    seed: `${name} ${seed}`,
    replay,
    devices: REPLICAS,
    members: DEVICES - REPLICAS,
    faults: { loss: 0.02 },
    services: { deadlineMs: 3000 },
    portOf: (_, port) =>
      watched(port, (update) => {
        if (decodeUpdate(update, length).ok) open++;
      }),
  });
  const { world } = swarm;
  await world.run({ untilMs: 60_000, until: () => swarm.services(0)?.chain.ledger.devices().length === DEVICES });
  swarm.openJob(0, 'job', ROUNDS);
  unleashChaos(world, { names: swarm.names, everyMs: 1500, untilMs: world.nowMs() + CHAOS_MS });
  await world.run({ untilMs: world.nowMs() + CHAOS_MS });
  makePeace(world);
  const ended = await swarm.finish('job', 300_000);
  await world.run({ untilMs: world.nowMs() + 5000 });
  const closed = (swarm.services(0)?.chain.ledger.rounds('job') ?? []).filter(({ closed: end }) => end !== null);
  return { reason: await wrong(), hash: world.traceHash(), ...counts() };

  function counts() {
    const sums = closed.reduce((sum, round) => sum + round.updates.filter(({ fixed }) => fixed).length, 0);
    return { sums, finalised: closed.filter(({ phase }) => phase === 'finalised').length };
  }

  async function wrong(): Promise<string | undefined> {
    if (!ended) return 'the job did not end';
    if (open > 0) return `${open} updates were pushed in the open`;
    const accused = swarm.wronglyQuarantined();
    if (accused.length > 0) return `accused: ${accused.join(', ')}`;
    const debits = await debitsOf(swarm);
    const most = Math.max(...debits);
    return most > ROUNDS ? `a device debited itself ${most} times in ${ROUNDS} rounds` : undefined;
  }
}

/** Tells of every update that is pushed. */
function watched(port: MessagePort, onPush: (update: Uint8Array) => void): MessagePort {
  return {
    self: port.self,
    peers: () => port.peers(),
    broadcast: (topic, bytes) => port.broadcast(topic, bytes),
    onMessage: (topic, handler) => port.onMessage(topic, handler),
    onRequest: (topic, handler) => port.onRequest(topic, handler),
    onPeer: (listener) => port.onPeer(listener),
    request: (to, topic, bytes, options) => port.request(to, topic, bytes, options),
    send: (to, topic, bytes) => {
      const push = topic === 'update' ? decode(pushSchema, bytes) : undefined;
      if (push?.ok === true) onPush(push.value.update);
      return port.send(to, topic, bytes);
    },
  };
}

/** By device, as its own ledger has them; 0 where it never took part. */
async function debitsOf(swarm: SimulatedSwarm): Promise<readonly number[]> {
  const debits: number[] = [];
  for (const i of swarm.names.keys()) {
    const { store, clock } = swarm.deps(i);
    const status = createBudgetLedger({ store, clock }).status({ owner: 'device', dataset: 'digits' });
    let read: number | undefined;
    void status.then(
      (known) => {
        read = known.debits;
      },
      () => {
        read = 0;
      },
    );
    await swarm.world.run({ untilMs: swarm.world.nowMs() + 1000, until: () => read !== undefined });
    debits.push(read ?? 0);
  }
  return debits;
}

function rows(outcomes: readonly RoundsOutcome[]): Row[] {
  const against = `${outcomes.length} seeds, ${ROUNDS} rounds, ${DEVICES} devices`;
  const fine = outcomes.filter(({ failure }) => failure === null).length / outcomes.length;
  const share = (of: (outcome: RoundsOutcome) => number) =>
    outcomes.reduce((sum, outcome) => sum + of(outcome), 0) / outcomes.length;
  const finalised = share((outcome) => outcome.finalised / ROUNDS);
  const sums = share((outcome) => outcome.sums / (2 * ROUNDS));
  return [
    { what: 'lives without a fault found', value: fine, unit: 'of all', against, bar: '= 1', holds: fine === 1 },
    { what: 'rounds with a model', value: finalised, unit: 'of all', against, bar: 'measured', holds: true },
    { what: 'groups with a sum', value: sums, unit: 'of all', against, bar: 'measured', holds: true },
  ];
}
