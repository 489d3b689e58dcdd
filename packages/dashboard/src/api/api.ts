import type { Watcher } from '@murmuration/sdk';
import type { BlockView, EvidenceView, RoundDetail, RoundView, SwarmSnapshot } from './views.ts';

/** One page of a list, newest first. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Ask for the page after this one with it; null on the last. */
  readonly next: string | null;
}

/** All that the pages ask of a gateway: the sdk behind the few calls that a dashboard makes. */
export interface Api {
  swarm(signal: AbortSignal): Promise<SwarmSnapshot>;
  rounds(job: string, cursor: string | null, signal: AbortSignal): Promise<Page<RoundView>>;
  round(job: string, round: number, signal: AbortSignal): Promise<RoundDetail>;
  blocks(cursor: string | null, signal: AbortSignal): Promise<Page<BlockView>>;
  evidence(cursor: string | null, signal: AbortSignal): Promise<Page<EvidenceView>>;
  evidenceById(id: string, signal: AbortSignal): Promise<EvidenceView>;
  evidenceBundle(id: string, signal: AbortSignal): Promise<Uint8Array>;
  /** Keeps a subscription alive, over reconnects, until the returned function is called. */
  subscribe(watcher: Watcher): () => void;
}
