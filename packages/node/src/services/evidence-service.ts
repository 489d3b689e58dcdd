import { accept, type DeviceId, fromUtf8, type Result, refuse, type Timer, utf8 } from '@murmuration/core';
import { completeEvidenceBundle, type LedgerEvent, MAX_BUNDLE_BYTES, verifyEvidenceBundle } from '@murmuration/ledger';
import type { Chain } from './chain.ts';
import { readEpochProofs } from './checkpoint-store.ts';
import type { ServiceDeps } from './deps.ts';
import type { SubmitService } from './submit-service.ts';

const TOPIC = 'evidence';
const PENDING = 'evidence/pending/';
const BUNDLE = 'evidence/bundle/';
/** Bundles that wait for their commit, all accusers together. */
const MAX_PENDING = 64;
/** Whoever got a bundle by gossip gives its finder this long to have it committed, times its own position. */
const PATIENCE_MS = 750;
/** Between two attempts to have evidence committed that nothing speaks against. */
const RETRY_MS = 30_000;
/** Refusals that say nothing about the evidence: too much waits here, or its accused has had its share of this quarantine. */
const RETRIED: ReadonlySet<string> = new Set(['queue-full', 'evidence-limit', 'unknown-device', 'unknown-accused']);
/** Bundles that one peer may gossip in a window. */
const MAX_GOSSIPED = 32;
const GOSSIP_WINDOW_MS = 60_000;
const ID = /^[0-9a-f]{32}$/;

/**
 * Keeps evidence until the ledger has it: stored, gossiped, submitted, and submitted by others where its finder
 * falls silent. Nothing enters that does not verify by itself.
 */
export class EvidenceService {
  private readonly deps: ServiceDeps;
  private readonly chain: Chain;
  private readonly submit: SubmitService;
  private readonly pending = new Map<string, { bundle: Uint8Array; timer: Timer | undefined }>();
  /** How many bundles each peer sent in its present window. Peers are as many as links: bounded by comm. */
  private readonly gossiped = new Map<DeviceId, { sinceMs: number; count: number }>();
  private stopped = false;

  constructor(deps: ServiceDeps & { chain: Chain; submit: SubmitService }) {
    this.deps = deps;
    this.chain = deps.chain;
    this.submit = deps.submit;
    deps.port.onMessage(TOPIC, (from, bundle) => void this.take(bundle, from));
    deps.port.onRequest(TOPIC, (_from, request) => this.serve(request));
    this.chain.onBlock(({ events }) => {
      for (const event of events) this.settle(event);
    });
  }

  /** Takes up what a crash interrupted. */
  async start(): Promise<void> {
    for (const { value } of await this.deps.store.scan(PENDING, { limit: MAX_PENDING })) await this.take(value);
  }

  stop(): void {
    this.stopped = true;
    for (const { timer } of this.pending.values()) timer?.cancel();
  }

  /**
   * @param bundle an encoded `EvidenceBundle`
   * @param from who gossiped it; absent where this device found it
   */
  async take(bundle: Uint8Array, from?: DeviceId): Promise<void> {
    if (bundle.length > MAX_BUNDLE_BYTES || this.stopped) return;
    if (from !== undefined && !this.mayGossip(from)) {
      this.deps.metrics.count('evidence_refused', { reason: 'too-often' });
      return;
    }
    const verdict = this.verify(bundle);
    if (!verdict.ok) {
      this.deps.metrics.count('evidence_refused', { reason: verdict.reason });
      return;
    }
    const { id, kind, accused } = verdict.value;
    if (this.pending.has(id) || this.isRecorded(id) || this.pending.size >= MAX_PENDING) return;
    // The device is out already; a liar that goes on lying must not fill the ledger with it.
    if (this.chain.ledger.isQuarantined(accused)) return;
    this.deps.log.warn('evidence', { id, kind, accused, from: from ?? 'self' });
    this.deps.metrics.count('evidence_found', { kind });
    const entry: { bundle: Uint8Array; timer: Timer | undefined } = { bundle, timer: undefined };
    this.pending.set(id, entry);
    await this.deps.store.write([{ key: PENDING + id, value: bundle }]);
    this.deps.port.broadcast(TOPIC, bundle);
    const delayMs = from === undefined ? 0 : PATIENCE_MS * (1 + (this.chain.self ?? 0));
    entry.timer = this.deps.clock.setTimer(delayMs, () => void this.file(id, bundle));
  }

  /** To verify costs a millisecond: no peer makes this device do it without end. */
  private mayGossip(peer: DeviceId): boolean {
    const nowMs = this.deps.clock.monotonicMs();
    const known = this.gossiped.get(peer);
    const spent =
      known !== undefined && nowMs - known.sinceMs < GOSSIP_WINDOW_MS ? known : { sinceMs: nowMs, count: 0 };
    spent.count += 1;
    this.gossiped.set(peer, spent);
    return spent.count <= MAX_GOSSIPED;
  }

  private verify(bundle: Uint8Array): ReturnType<typeof verifyEvidenceBundle> {
    const { chainId, epochs } = this.chain;
    return verifyEvidenceBundle(bundle, { chainId, replicaSets: epochs.map(({ set }) => set) });
  }

  /** A committed bundle, complete for readers that know the chain id alone, where this device has what it takes. */
  async bundle(id: string): Promise<Uint8Array | undefined> {
    const found = await this.find(id);
    if (found === undefined) return undefined;
    const whole = completeEvidenceBundle(found, await readEpochProofs(this.deps.store, this.chain.chainId));
    return whole.ok ? whole.value : found;
  }

  /** From the store, else from a peer that kept it, checked either way. */
  private async find(id: string): Promise<Uint8Array | undefined> {
    const own = await this.deps.store.get(BUNDLE + id);
    if (own !== undefined) return own;
    if (!this.isRecorded(id)) return undefined;
    for (const peer of this.deps.port.peers()) {
      const answer = await this.deps.port.request(peer, TOPIC, utf8(id));
      const verdict = answer.ok ? this.verify(answer.value) : answer;
      if (!answer.ok || !verdict.ok || verdict.value.id !== id) continue;
      await this.deps.store.write([{ key: BUNDLE + id, value: answer.value }]);
      return answer.value;
    }
    return undefined;
  }

  private async serve(request: Uint8Array): Promise<Result<Uint8Array>> {
    const id = fromUtf8(request) ?? '';
    const bundle = ID.test(id) ? await this.deps.store.get(BUNDLE + id) : undefined;
    return bundle === undefined ? refuse('not-found') : accept(bundle);
  }

  private async file(id: string, bundle: Uint8Array): Promise<void> {
    if (this.stopped || !this.pending.has(id)) return;
    const answer = this.isRecorded(id) ? null : await this.submit.submit({ kind: 'submit-evidence', evidence: bundle });
    const entry = this.pending.get(id);
    if (this.stopped || entry === undefined) return;
    if (answer === null || answer.outcome !== 'refused' || !RETRIED.has(answer.reason ?? '')) return this.forget(id);
    // Nothing is wrong with it: it is told and submitted again until a block holds it.
    this.deps.metrics.count('evidence_repeated');
    this.deps.port.broadcast(TOPIC, bundle);
    entry.timer = this.deps.clock.setTimer(RETRY_MS, () => void this.file(id, bundle));
  }

  private isRecorded(id: string): boolean {
    return this.chain.ledger.evidence().some((entry) => entry.id === id);
  }

  private settle(event: LedgerEvent): void {
    if (event.kind !== 'evidence-recorded') return;
    void this.forget(event.evidenceId);
    void this.deps.store.write([{ key: BUNDLE + event.evidenceId, value: event.bundle }]);
  }

  private async forget(id: string): Promise<void> {
    const entry = this.pending.get(id);
    if (entry === undefined) return;
    entry.timer?.cancel();
    this.pending.delete(id);
    await this.deps.store.write([{ key: PENDING + id, value: null }]);
  }
}
