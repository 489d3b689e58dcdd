import type { Timer } from '@murmuration/core';
import type { Signer } from '@murmuration/crypto';
import { type Command, type Receipt, signCommand } from '@murmuration/ledger';
import { type AppliedBlock, type Chain, requestKey } from './chain.ts';
import type { ServiceDeps } from './deps.ts';
import { commandSigner } from './own-key.ts';

const TOPIC = 'submit';
/** Commands of this device under way at once. More wait: the ledger's replay window is 64. */
const MAX_PENDING = 32;
const MAX_WAITING = 1024;
const MAX_REQUEST_BYTES = 1024 * 1024;

/** What became of a command. */
export interface Submitted {
  readonly outcome: Receipt['outcome'];
  /** Kebab case; null where applied. */
  readonly reason: string | null;
}

/** Answered where too many commands of this device wait: nothing was signed or sent. */
const QUEUE_FULL: Submitted = { outcome: 'refused', reason: 'queue-full' };

interface Pending {
  readonly command: Command;
  readonly request: Uint8Array;
  readonly signer: Signer;
  readonly sinceMs: number;
  readonly resolve: (submitted: Submitted) => void;
  attempts: number;
  timer: Timer | undefined;
}

export interface SubmitOptions {
  /** How long a command may stay uncommitted before it is sent again; grows with each attempt. @default 3000 */
  readonly resubmitMs?: number;
  /**
   * Hands a request to the local engine; false where this device does not vote now. Absent on devices that never vote.
   */
  readonly propose?: (request: Uint8Array) => boolean;
}

/**
 * Turns commands into receipts: signs, proposes, proposes again until a block holds it. Idempotent: the same
 * bytes are sent each time, and the ledger takes them once.
 */
export class SubmitService {
  private readonly deps: ServiceDeps;
  private readonly chain: Chain;
  private readonly options: SubmitOptions;
  private readonly pending = new Map<string, Pending>();
  private readonly waiting: { command: Command; resolve: (submitted: Submitted) => void }[] = [];
  private readonly latencies: number[] = [];
  private nextSequence = 0;
  private stopped = false;

  constructor(deps: ServiceDeps & { chain: Chain }, options: SubmitOptions) {
    this.deps = deps;
    this.chain = deps.chain;
    this.options = options;
    this.chain.onBlock((applied) => this.settle(applied));
    this.chain.onJump(() => this.resend());
    const { propose } = options;
    if (propose === undefined) return;
    deps.port.onMessage(TOPIC, (_from, bytes) => {
      if (bytes.length <= MAX_REQUEST_BYTES) propose(bytes);
    });
  }

  /**
   * @returns once a block holds the command, which may take forever where no quorum lives
   * @throws never: a full waiting list answers a refused receipt
   */
  submit(command: Command): Promise<Submitted> {
    return new Promise((resolve) => {
      if (this.pending.size < MAX_PENDING) return this.send(command, resolve);
      if (this.waiting.length >= MAX_WAITING) return resolve(QUEUE_FULL);
      this.waiting.push({ command, resolve });
    });
  }

  /** From submission to the block, of the last commands of this device, in milliseconds. */
  get recentLatenciesMs(): readonly number[] {
    return this.latencies;
  }

  stop(): void {
    this.stopped = true;
    for (const { timer } of this.pending.values()) timer?.cancel();
    this.pending.clear();
  }

  private send(command: Command, resolve: (submitted: Submitted) => void): void {
    const { identity, clock } = this.deps;
    const sequence = Math.max(this.nextSequence, this.chain.ledger.nextSequence(identity.device));
    this.nextSequence = sequence + 1;
    const own = commandSigner(this.deps, this.chain.ledger);
    const request = signCommand(own, this.chain.chainId, sequence, command);
    const key = requestKey(request);
    const sinceMs = clock.monotonicMs();
    const { signer } = own;
    const pending: Pending = { command, request, signer, sinceMs, resolve, attempts: 0, timer: undefined };
    this.pending.set(key, pending);
    this.attempt(pending);
  }

  private attempt(pending: Pending): void {
    if (this.stopped) return;
    const { propose, resubmitMs = 3000 } = this.options;
    if (propose?.(pending.request) !== true) this.sendToReplicas(pending.request);
    pending.attempts += 1;
    if (pending.attempts > 1) this.deps.metrics.count('submit_repeated');
    const delayMs = resubmitMs * Math.min(8, pending.attempts);
    pending.timer?.cancel();
    pending.timer = this.deps.clock.setTimer(delayMs, () => this.attempt(pending));
  }

  private sendToReplicas(request: Uint8Array): void {
    const { port, identity } = this.deps;
    for (const { device } of this.chain.replicaSet.replicas) {
      if (device !== identity.device) port.send(device, TOPIC, request);
    }
  }

  private settle(applied: AppliedBlock): void {
    if (this.pending.size === 0) return;
    for (const [i, request] of applied.batch.requests.entries()) {
      const key = requestKey(request);
      const pending = this.pending.get(key);
      if (pending === undefined) continue;
      pending.timer?.cancel();
      this.pending.delete(key);
      const receipt = applied.receipts[i] as Receipt;
      if (receipt.reason?.startsWith('sequence-') || this.isOutdated(pending, receipt))
        this.send(pending.command, pending.resolve);
      else this.finish(pending, receipt);
    }
    while (this.waiting.length > 0 && this.pending.size < MAX_PENDING) {
      const next = this.waiting.shift();
      if (next !== undefined) this.send(next.command, next.resolve);
    }
  }

  /** Signed before a rotation of this device and ordered after it: the key has changed, not the wish. */
  private isOutdated({ signer }: Pending, { reason }: Receipt): boolean {
    return reason === 'bad-signature' && commandSigner(this.deps, this.chain.ledger).signer !== signer;
  }

  private finish(pending: Pending, receipt: Receipt): void {
    const latencyMs = this.deps.clock.monotonicMs() - pending.sinceMs;
    this.latencies.push(latencyMs);
    if (this.latencies.length > 512) this.latencies.shift();
    this.deps.metrics.observe('commit_latency_ms', latencyMs, { kind: pending.command.kind });
    // Sent again after a jump passed over its block: what became of it the first time is the answer.
    pending.resolve(receipt.first ?? receipt);
  }

  /** A jump may have passed over the block that held a command: the ledger answers `duplicate` then. */
  private resend(): void {
    for (const pending of this.pending.values()) this.attempt(pending);
  }
}
