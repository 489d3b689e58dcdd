import {
  accept,
  type DeviceId,
  type Entropy,
  type Log,
  MurmurError,
  type Result,
  refuse,
  type Timer,
  toHex,
} from '@murmuration/core';
import type { ed25519Verify } from '@murmuration/crypto';
import {
  type AggregationPlan,
  type AggregationResult,
  type Aggregator,
  type AggregatorEffect,
  type AggregatorPhase,
  createAggregator,
  type SignedKey,
  type VoidReason,
} from '@murmuration/privacy';
import { Courier, type CourierDeps, type CourierOptions, type Letter } from './courier.ts';
import { DOWN_TOPIC, MAX_MESSAGE_BYTES, UP_TOPIC } from './topics.ts';

export interface AggregationServiceDeps extends CourierDeps {
  readonly log: Log;
  /** The operational public key of a plan's member, as the swarm has certified it. */
  keyOf(plan: AggregationPlan, member: number): Uint8Array | undefined;
  readonly verify?: typeof ed25519Verify;
  /** Of challenges, for plans with a norm bound. */
  readonly entropy?: Entropy;
  /** Has the swarm commit to a statement of a plan. @returns the certificate */
  certify(
    plan: AggregationPlan,
    statement: Uint8Array,
    keys: readonly SignedKey[] | undefined,
    signal: AbortSignal,
  ): Promise<Result<Uint8Array>>;
}

export interface AggregationServiceOptions extends CourierOptions {
  /** Who has not answered this long after a phase began has dropped out, in milliseconds. @default 30_000 */
  readonly phaseMs?: number;
}

/** What refused messages were about, over the life of a plan: reasons and how often. */
export type RefusalCounts = Readonly<Record<string, number>>;

export type AggregationOutcome = { readonly refused: RefusalCounts } & (
  | { readonly kind: 'sum'; readonly result: AggregationResult }
  | { readonly kind: 'void'; readonly reason: VoidReason; readonly detail: string }
  | { readonly kind: 'cancelled'; readonly phase: AggregatorPhase }
);

const PHASE_MS = 30_000;
const MAX_REASONS = 64;

interface Run {
  readonly plan: AggregationPlan;
  readonly aggregator: Aggregator;
  readonly memberOf: ReadonlyMap<DeviceId, number>;
  readonly refused: Map<string, number>;
  /** Letters sent to each member. */
  readonly sent: number[];
  /** Of the present phase: what is still on its way when it ends comes too late anyway. */
  phase: AbortController;
  deadline: Timer | undefined;
  end(outcome: Outcome): void;
}

type Without<T> = T extends unknown ? Omit<T, 'refused'> : never;
type Outcome = Without<AggregationOutcome>;

/** The server's part in secure aggregation, over a port: the pure aggregator with deadlines and letters. */
export class AggregationService {
  private readonly deps: AggregationServiceDeps;
  private readonly phaseMs: number;
  private readonly up: Courier;
  private readonly down: Courier;
  private readonly runs = new Map<string, Run>();

  constructor(deps: AggregationServiceDeps, options: AggregationServiceOptions = {}) {
    this.deps = deps;
    this.phaseMs = options.phaseMs ?? PHASE_MS;
    this.down = new Courier(deps, DOWN_TOPIC, undefined, options);
    this.up = new Courier(
      deps,
      UP_TOPIC,
      {
        admit: (from, plan, _, total) => this.admit(from, plan, total),
        take: (letter) => this.take(letter),
      },
      options,
    );
  }

  /**
   * Runs one plan to its sum, to `void`, or until `signal` aborts; then nothing of it is left here.
   * @throws SECURE_AGGREGATION_RUNNING where the plan runs here already; PRIVACY_NO_CHALLENGE
   */
  run(plan: AggregationPlan, { signal }: { readonly signal?: AbortSignal } = {}): Promise<AggregationOutcome> {
    const key = toHex(plan.digest);
    if (this.runs.has(key)) throw running(plan);
    const { verify, entropy } = this.deps;
    const optional = { ...(verify === undefined ? {} : { verify }), ...(entropy === undefined ? {} : { entropy }) };
    const keyOf = (member: number) => this.deps.keyOf(plan, member);
    return new Promise((resolve) => {
      const cancel = () => run.end({ kind: 'cancelled', phase: run.aggregator.phase });
      const run: Run = {
        plan,
        aggregator: createAggregator({ keyOf, ...optional }, plan),
        memberOf: new Map(plan.members.map((device, member) => [device, member])),
        refused: new Map(),
        sent: plan.members.map(() => 0),
        phase: new AbortController(),
        deadline: undefined,
        end: (outcome) => {
          if (!this.runs.delete(key)) return;
          run.phase.abort();
          run.deadline?.cancel();
          signal?.removeEventListener('abort', cancel);
          this.up.forget(plan.digest);
          resolve({ ...outcome, refused: Object.fromEntries(run.refused) });
        },
      };
      this.runs.set(key, run);
      signal?.addEventListener('abort', cancel);
      if (signal?.aborted === true) return cancel();
      this.startDeadline(run);
    });
  }

  private admit(from: DeviceId, plan: Uint8Array, total: number): Result<void> {
    const run = this.runs.get(toHex(plan));
    // Members may be here before the server is.
    if (run === undefined) return refuse('busy');
    if (!run.memberOf.has(from)) return refuse('no-member');
    const most = run.aggregator.phase === 'masked' ? 4 * run.plan.length + 64 : MAX_MESSAGE_BYTES;
    return total <= most ? accept(undefined) : refuse('too-large');
  }

  private take({ from, plan, bytes }: Letter): Result<Uint8Array> {
    const run = this.runs.get(toHex(plan));
    const member = run?.memberOf.get(from);
    if (run === undefined || member === undefined) return refuse('no-member');
    const effects = run.aggregator.step({ kind: 'message', from: member, bytes });
    const refused = effects.find((effect) => effect.kind === 'refused');
    this.carryOut(run, effects);
    return refused === undefined ? accept(new Uint8Array(0)) : refuse(refused.reason);
  }

  private carryOut(run: Run, effects: readonly AggregatorEffect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case 'phase':
          run.phase.abort();
          run.phase = new AbortController();
          this.startDeadline(run);
          break;
        case 'send':
          void this.post(run, effect.to, effect.bytes);
          break;
        case 'commit':
          void this.certify(run, effect.statement, effect.keys);
          break;
        case 'refused':
          this.count(run, effect.reason);
          break;
        case 'sum':
          run.end({ kind: 'sum', result: effect.result });
          break;
        case 'void':
          run.end({ kind: 'void', reason: effect.reason, detail: effect.detail });
      }
    }
  }

  private async post(run: Run, to: number, bytes: Uint8Array): Promise<void> {
    const number = run.sent[to] as number;
    run.sent[to] = number + 1;
    const { plan, phase } = run;
    const sent = await this.down.send(plan.members[to] as DeviceId, plan.digest, number, bytes, phase.signal);
    if (!sent.ok && sent.reason !== 'cancelled') this.count(run, `client-${sent.reason}`);
  }

  private async certify(run: Run, statement: Uint8Array, keys: readonly SignedKey[] | undefined): Promise<void> {
    const { signal } = run.phase;
    const certificate = await this.deps.certify(run.plan, statement, keys, signal);
    if (signal.aborted || !this.runs.has(toHex(run.plan.digest))) return;
    if (!certificate.ok) this.deps.log.warn('secagg-not-committed', { reason: certificate.reason });
    const input = certificate.ok
      ? ({ kind: 'certified', certificate: certificate.value } as const)
      : ({ kind: 'deadline' } as const);
    this.carryOut(run, run.aggregator.step(input));
  }

  private startDeadline(run: Run): void {
    run.deadline?.cancel();
    run.deadline = this.deps.clock.setTimer(this.phaseMs, () =>
      this.carryOut(run, run.aggregator.step({ kind: 'deadline' })),
    );
  }

  private count(run: Run, reason: string): void {
    const known = run.refused.get(reason);
    if (known !== undefined || run.refused.size < MAX_REASONS) run.refused.set(reason, (known ?? 0) + 1);
  }
}

function running(plan: AggregationPlan): MurmurError {
  return new MurmurError({
    code: 'SECURE_AGGREGATION_RUNNING',
    message: `group ${plan.group} in round ${plan.round} of job ${plan.job} is being aggregated here already`,
    remedy: 'run a plan once, and wait for its outcome',
    facts: { job: plan.job, round: plan.round, group: plan.group },
  });
}
