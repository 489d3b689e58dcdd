import {
  accept,
  type DeviceId,
  type Log,
  MurmurError,
  type Result,
  refuse,
  type Timer,
  toHex,
} from '@murmuration/core';
import {
  type AggregationPlan,
  type ClientEffect,
  type ClientPhase,
  createMaskingClient,
  type MaskingClient,
  type MaskingClientDeps,
} from '@murmuration/privacy';
import { Courier, type CourierDeps, type CourierOptions, type Letter } from './courier.ts';
import { DOWN_TOPIC, MAX_MESSAGE_BYTES, UP_TOPIC } from './topics.ts';

/** What every member of a plan needs besides its port. */
export interface MaskingServiceDeps
  extends CourierDeps,
    Pick<MaskingClientDeps, 'signer' | 'entropy' | 'coins' | 'noise' | 'verify' | 'isCommitted'> {
  readonly log: Log;
  /** The operational public key of a plan's member, as the swarm has certified it. */
  keyOf(plan: AggregationPlan, member: number): Uint8Array | undefined;
}

export interface MaskingServiceOptions extends CourierOptions {
  /** A server that says nothing this long has lost this member, in milliseconds. @default 120_000 */
  readonly patienceMs?: number;
}

/** How taking part in one plan ended. */
export interface MaskingOutcome {
  /**
   * `revealed`: all was said, and the vector is in the sum unless the plan became void. `left-out`: the server turned a
   * message away. `expired`: it fell silent. `cancelled`: by the caller.
   */
  readonly kind: 'revealed' | 'left-out' | 'expired' | 'cancelled';
  readonly phase: ClientPhase;
  /** Numbers that were cut to the plan's bound; null where no vector left. */
  readonly saturated: number | null;
  /** Why messages of the server were refused, in their order: at most 16 are kept. */
  readonly refused: readonly string[];
  readonly reason?: string;
}

const MAX_REFUSALS = 16;
const MAX_JOBS = 1024;
const PATIENCE_MS = 120_000;

interface Part {
  readonly plan: AggregationPlan;
  readonly server: DeviceId;
  readonly client: MaskingClient;
  readonly ended: AbortController;
  readonly refused: string[];
  /** Letters sent. */
  sent: number;
  saturated: number | null;
  patience: Timer | undefined;
  end(kind: MaskingOutcome['kind'], reason?: string): void;
}

/** A member's part in secure aggregation, over a port. One plan of a job and round, once: who restarts is a dropout. */
export class MaskingService {
  private readonly deps: MaskingServiceDeps;
  private readonly options: MaskingServiceOptions;
  private readonly up: Courier;
  private readonly down: Courier;
  private readonly parts = new Map<string, Part>();
  private readonly lastRounds = new Map<string, number>();

  constructor(deps: MaskingServiceDeps, options: MaskingServiceOptions = {}) {
    this.deps = deps;
    this.options = options;
    this.up = new Courier(deps, UP_TOPIC, undefined, options);
    this.down = new Courier(
      deps,
      DOWN_TOPIC,
      {
        admit: (from, plan, _, total) => this.admit(from, plan, total),
        take: (letter) => this.take(letter),
      },
      options,
    );
  }

  /**
   * Takes part until all is said, the server turns it away or falls silent, or `signal` aborts.
   * @param input length `plan.length`; copied
   * @throws SECURE_AGGREGATION_REPEATED where this device took part in that round of the job, or a later one;
   *   SECURE_AGGREGATION_STRANGER where it is no member; PRIVACY_WRONG_LENGTH, PRIVACY_NO_NOISE
   */
  takePart(
    plan: AggregationPlan,
    server: DeviceId,
    input: Int32Array,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<MaskingOutcome> {
    const self = plan.members.indexOf(this.deps.port.self);
    if (self < 0) throw stranger(this.deps.port.self, plan);
    this.enterRound(plan);
    const { deps } = this;
    const client = createMaskingClient({ ...deps, keyOf: (of) => deps.keyOf(plan, of) }, plan, self, input);
    return new Promise((resolve) => {
      const ended = new AbortController();
      const cancel = () => part.end('cancelled');
      const part: Part = {
        ...{ plan, server, client, ended, refused: [], sent: 0, saturated: null, patience: undefined },
        end: (kind, reason) => {
          if (ended.signal.aborted) return;
          ended.abort();
          signal?.removeEventListener('abort', cancel);
          part.patience?.cancel();
          this.parts.delete(toHex(plan.digest));
          this.down.forget(plan.digest);
          const { phase } = client;
          client.step({ kind: 'stop' });
          const { saturated, refused } = part;
          resolve({ kind, phase, saturated, refused, ...(reason === undefined ? {} : { reason }) });
        },
      };
      this.parts.set(toHex(plan.digest), part);
      signal?.addEventListener('abort', cancel);
      if (signal?.aborted === true) return cancel();
      this.wait(part);
      this.carryOut(part, client.step({ kind: 'start' }));
    });
  }

  private admit(from: DeviceId, plan: Uint8Array, total: number): Result<void> {
    const part = this.parts.get(toHex(plan));
    if (part === undefined) return refuse('unknown-plan');
    if (from !== part.server) return refuse('not-the-server');
    return total <= MAX_MESSAGE_BYTES ? accept(undefined) : refuse('too-large');
  }

  private take({ plan, bytes }: Letter): Result<Uint8Array> {
    const part = this.parts.get(toHex(plan));
    if (part === undefined) return refuse('unknown-plan');
    const effects = part.client.step({ kind: 'message', bytes });
    const refused = effects.find((effect) => effect.kind === 'refused');
    this.wait(part);
    this.carryOut(part, effects);
    return refused === undefined ? accept(new Uint8Array(0)) : refuse(refused.reason);
  }

  private carryOut(part: Part, effects: readonly ClientEffect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case 'masked':
          part.saturated = effect.saturated;
          if (effect.saturated > 0) this.deps.metrics.count('secagg_saturated', {}, effect.saturated);
          break;
        case 'refused':
          if (part.refused.length < MAX_REFUSALS) part.refused.push(effect.reason);
          this.deps.log.warn('secagg-refused', { reason: effect.reason, detail: effect.detail ?? '' });
          break;
        case 'send':
          void this.post(part, effect.bytes);
      }
    }
  }

  private async post(part: Part, bytes: Uint8Array): Promise<void> {
    const { plan, server, ended } = part;
    const sent = await this.up.send(server, plan.digest, part.sent++, bytes, ended.signal);
    if (!sent.ok) part.end('left-out', sent.reason);
    else if (part.client.phase === 'revealed') part.end('revealed');
  }

  private wait(part: Part): void {
    part.patience?.cancel();
    part.patience = this.deps.clock.setTimer(this.options.patienceMs ?? PATIENCE_MS, () => part.end('expired'));
  }

  /** Two plans of one round would give two sums with one vector in both. */
  private enterRound({ job, round }: AggregationPlan): void {
    const last = this.lastRounds.get(job) ?? -1;
    if (round <= last || (!this.lastRounds.has(job) && this.lastRounds.size >= MAX_JOBS)) {
      throw new MurmurError({
        code: 'SECURE_AGGREGATION_REPEATED',
        message: `this device took part in round ${last} of job ${job}, or in ${MAX_JOBS} other jobs; not in round ${round} too`,
        remedy: 'take part once in each round of a job, in ascending order',
        facts: { job, round, last },
      });
    }
    this.lastRounds.set(job, round);
  }
}

function stranger(self: DeviceId, plan: AggregationPlan): MurmurError {
  return new MurmurError({
    code: 'SECURE_AGGREGATION_STRANGER',
    message: `device ${self} is no member of group ${plan.group} in round ${plan.round} of job ${plan.job}`,
    remedy: 'take part in the group that the beacon drew this device into',
    facts: { device: self, group: plan.group, round: plan.round },
  });
}
