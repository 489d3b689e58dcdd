import type { Result } from '@murmuration/core';
import type { OpenJobRequest, RoundDetail, RoundView } from './learning.ts';
import type { BlockView } from './ledger.ts';
import type { LightQuestion } from './light.ts';
import type { SwarmSnapshot } from './swarm.ts';
import type { EvidenceView, QuarantineView } from './trust.ts';

/** Newest first. `before` is exclusive: the height, round or position of the last item of the page before. */
export interface PageQuery {
  readonly before?: number;
  /** 1 to 200. */
  readonly limit: number;
}

/** What a gateway serves: one device's own view, or a whole local swarm's, merged. */
export interface SwarmSource {
  /** Cheap: called for every reader. */
  snapshot(): SwarmSnapshot;
  /** @returns a function that ends the subscription; safe to call twice */
  subscribe(listener: (event: SwarmEvent) => void): () => void;
  /** Newest first; `before` is a height. */
  blocks(query: PageQuery): Promise<readonly BlockView[]>;
  /** Newest first; `before` is a round. Empty for an unknown job. */
  rounds(job: string, query: PageQuery): Promise<readonly RoundView[]>;
  round(job: string, round: number): Promise<RoundDetail | undefined>;
  /** Newest first; `before` is a ledger height. All items of one height come on one page, so that no page loses any. */
  evidence(query: PageQuery): Promise<readonly EvidenceView[]>;
  /** The self-contained bundle that `verifyEvidenceBundle` of ledger reads. */
  evidenceBundle(id: string): Promise<Uint8Array | undefined>;
  /**
   * What the light service of a device answers: encoded checkpoints, a proof of one leaf, or the genesis. Nothing in it
   * is to be believed but through a light client. Undefined where it has no answer.
   */
  light(question: LightQuestion): Promise<Uint8Array | undefined>;
  openJob(request: OpenJobRequest): Promise<Result<{ readonly job: string }>>;
}

export type SwarmEvent =
  | { readonly kind: 'snapshot'; readonly snapshot: SwarmSnapshot }
  | { readonly kind: 'round'; readonly round: RoundView }
  | { readonly kind: 'block'; readonly block: BlockView }
  | { readonly kind: 'quarantine'; readonly quarantine: QuarantineView }
  | { readonly kind: 'evidence'; readonly evidence: EvidenceView }
  | LogEvent;

/** A line for people, never keys, payloads or raw updates. */
export interface LogEvent {
  readonly kind: 'log';
  readonly atMs: number;
  readonly level: 'info' | 'warn' | 'error';
  /** Null where the swarm as a whole speaks. */
  readonly device: string | null;
  readonly text: string;
}
