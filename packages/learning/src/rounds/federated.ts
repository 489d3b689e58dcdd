import { type DeviceId, deviceIdFromDigest, MurmurError, utf8 } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { aggregate, type Update, type Verdict } from '../aggregators/aggregate.ts';
import type { Strategy } from '../aggregators/strategies.ts';
import { type Attack, attacks } from '../attacks/attacks.ts';
import { type Dataset, type SplitDataset, takeSamples } from '../datasets/dataset.ts';
import { createTrainer, type Trainer } from '../engine/trainer.ts';
import { DEFAULT_ROUNDS } from './default-plan.ts';
import { localRandom, localUpdate, splitForPlan } from './local.ts';
import { applyAggregate, initialModel } from './model.ts';
import { modelSpec, type TrainingPlan } from './plan.ts';
import { type PrivateRun, type PrivateStep, privateRun, type SumGroup } from './private/in-process.ts';
import { isPrivate } from './private/terms.ts';
import { decodeUpdate, encodeUpdate } from './update.ts';

export interface FederatedOptions {
  readonly plan: TrainingPlan;
  readonly dataset: SplitDataset;
  /** Devices that the samples are split over. @default 7 */
  readonly clients?: number;
  /** @default 20 */
  readonly rounds?: number;
  /** Which clients lie, and how. */
  readonly liars?: readonly { readonly client: number; readonly attack: string }[];
  /** Clients that take part in no round from `round` on, as when evidence of another lie quarantines them. */
  readonly departures?: readonly { readonly client: number; readonly round: number }[];
  /** Private rounds: clients that fall silent after the groups of `round` were drawn. */
  readonly dropouts?: readonly { readonly client: number; readonly round: number }[];
  /** Private rounds: how a group is summed. @default the plain sum, which equals what masks give */
  readonly sumGroup?: SumGroup;
  /** In place of the plan's. */
  readonly seed?: number;
  readonly strategy?: Strategy;
  /** Rounds as an outlier after which a client is out; the ledger's rule. @default 2 */
  readonly strikes?: number;
  /** Evaluate after every how many rounds; the last is always. @default 1 */
  readonly evaluateEvery?: number;
  /** To share; a trainer is opened and closed where left out. */
  readonly trainer?: Trainer;
  readonly onRound?: (round: FederatedRound) => void;
  readonly signal?: AbortSignal;
}

export interface FederatedRound {
  /** From 0. */
  readonly round: number;
  /** On the held-back samples; null in rounds that were not evaluated. */
  readonly accuracy: number | null;
  readonly verdicts: readonly Verdict[];
  /** How far each update pulls with (1 and above) or against (negative) the robust reference. */
  readonly pulls: readonly number[];
  /** Client of each verdict. */
  readonly clients: readonly number[];
  /** Of private rounds, in which nobody sees an update that could get a verdict; null otherwise. */
  readonly privacy: PrivateStep | null;
}

export interface FederatedResult {
  readonly model: Float32Array;
  readonly accuracy: number;
  readonly history: readonly FederatedRound[];
  /** Clients that were put out for outliers, with the round (from 0) of the last strike. */
  readonly removed: readonly { readonly client: number; readonly round: number }[];
}

interface Client {
  readonly index: number;
  readonly device: DeviceId;
  readonly data: Dataset;
  readonly attack: Attack | undefined;
  strikes: number;
}

interface Sent {
  readonly client: Client;
  readonly delta: Float32Array;
}

type Step = Pick<FederatedRound, 'verdicts' | 'pulls' | 'privacy'>;

/**
 * Federated training in one process with the production functions: split, local update, encoding, attack,
 * aggregate, model. What the swarm does, without a network and without consensus: for control runs and tests.
 * With `plan.privacy` rounds are private: no verdicts, and nobody is put out.
 * @throws FEDERATED_OPTIONS, and what its parts throw
 */
export async function runFederated(options: FederatedOptions): Promise<FederatedResult> {
  const plan = {
    ...options.plan,
    seed: options.seed ?? options.plan.seed,
    strategy: options.strategy ?? options.plan.strategy,
  };
  await using opened = options.trainer === undefined ? await createTrainer(modelSpec(plan)) : undefined;
  const trainer = options.trainer ?? (opened as Trainer);
  const clients = makeClients(plan, options);
  const { rounds = DEFAULT_ROUNDS, evaluateEvery = 1, strikes = 2, dataset } = options;
  const history: FederatedRound[] = [];
  const removed: { client: number; round: number }[] = [];
  const hidden = openPrivateRun(plan, clients, rounds, options.sumGroup);
  let model = initialModel(plan);
  for (let round = 0; round < rounds; round++) {
    const out = clients.filter(({ index }) => isOut(options, removed, index, round));
    const active = clients.filter((client) => !out.includes(client) && client.data.size > 0);
    const sent = await collect(trainer, plan, model, active, round, options.signal);
    const { verdicts, pulls, privacy } = hidden === null ? open(sent, out.length) : masked(hidden, round, sent);
    const last = round === rounds - 1;
    const evaluated = last || (round + 1) % evaluateEvery === 0;
    const accuracy = evaluated ? (await trainer.evaluate(model, dataset.test)).accuracy : null;
    const indices = verdicts.map((verdict) => clientOf(verdict).index);
    const entry = { round, accuracy, verdicts, pulls, clients: indices, privacy };
    history.push(entry);
    options.onRound?.(entry);
    for (const verdict of verdicts.filter(({ outlier }) => outlier)) {
      const client = clientOf(verdict);
      if (++client.strikes === strikes) removed.push({ client: client.index, round });
    }
  }
  return { model, accuracy: history.at(-1)?.accuracy ?? 0, history, removed };

  /** What replicas do: they read every update. */
  function open(sent: readonly Sent[], excluded: number): Step {
    const updates = sent.flatMap(({ client: { device, data }, delta }): Update[] => {
      const read = decodeUpdate(encodeUpdate(delta), model.length);
      return read.ok ? [{ device, delta: read.value, samples: data.size }] : [];
    });
    if (updates.length === 0) return { verdicts: [], pulls: [], privacy: null };
    const { aggregate: change, verdicts, pulls } = aggregate(plan, updates, { excluded });
    model = applyAggregate(model, change, plan);
    return { verdicts, pulls, privacy: null };
  }

  /** They read sums of groups. */
  function masked(run: PrivateRun, round: number, sent: readonly Sent[]): Step {
    const { dropouts = [] } = options;
    const updates = sent.map(({ client: { device, index, attack }, delta }) => {
      const drops = dropouts.some((one) => one.client === index && one.round === round);
      return { device, delta, lies: attack !== undefined, drops };
    });
    const privacy = run.step(round, updates);
    if (privacy.release !== null) model = applyAggregate(model, privacy.release.aggregate, plan);
    return { verdicts: [], pulls: [], privacy };
  }

  function clientOf(verdict: Verdict): Client {
    return clients.find(({ device }) => device === verdict.device) as Client;
  }
}

function makeClients(plan: TrainingPlan, options: FederatedOptions): Client[] {
  const { clients = 7, liars = [], dataset } = options;
  return splitForPlan(plan, dataset.train, clients).map((indices, index) => {
    const name = liars.find(({ client }) => client === index)?.attack;
    const attack = name === undefined ? undefined : attacks[name];
    if (name !== undefined && attack === undefined) throw unknownAttack(name);
    const own = takeSamples(dataset.train, indices);
    const device = deviceIdFromDigest(sha3_256(utf8(`client ${index}`)));
    return { index, device, data: attack?.poison?.(own) ?? own, attack, strikes: 0 };
  });
}

function openPrivateRun(
  plan: TrainingPlan,
  clients: readonly Client[],
  rounds: number,
  sumGroup: SumGroup | undefined,
): PrivateRun | null {
  if (!isPrivate(plan)) return null;
  return privateRun(plan, { devices: clients.filter(({ data }) => data.size > 0).length, rounds, sumGroup });
}

/** @returns what each client would hand over this round; liars see all honest updates first */
async function collect(
  trainer: Trainer,
  plan: TrainingPlan,
  model: Float32Array,
  active: readonly Client[],
  round: number,
  signal: AbortSignal | undefined,
): Promise<Sent[]> {
  const work = new Map<Client, Float32Array>();
  for (const client of active) {
    const random = localRandom(plan, client.device, round);
    const given = { plan, model, data: client.data, round, random, ...(signal === undefined ? {} : { signal }) };
    work.set(client, (await localUpdate(trainer, given)).delta);
  }
  const others = active.filter(({ attack }) => attack === undefined).map((client) => work.get(client) as Float32Array);
  return active.map((client) => {
    const own = work.get(client) as Float32Array;
    const random = localRandom(plan, `lie/${client.device}`, round);
    return { client, delta: client.attack?.craft({ own, others, round, random }) ?? own };
  });
}

function isOut(
  { departures = [] }: FederatedOptions,
  removed: readonly { client: number }[],
  index: number,
  round: number,
): boolean {
  return (
    removed.some(({ client }) => client === index) || departures.some((d) => d.client === index && round >= d.round)
  );
}

function unknownAttack(name: string): MurmurError {
  return new MurmurError({
    code: 'FEDERATED_OPTIONS',
    message: `there is no attack "${name}"`,
    remedy: `known are ${Object.keys(attacks).join(', ')}`,
    facts: { attack: name },
  });
}
