export interface JobView {
  readonly job: string;
  readonly dataset: string;
  readonly strategy: string;
  /** How many it will run. */
  readonly rounds: number;
  /** The one that is open, from 1; 0 before the first. */
  readonly round: number;
  readonly state: 'running' | 'finished';
  /** On the held-back data, in [0, 1]; null before the first finalised round. */
  readonly accuracy: number | null;
  /** Oldest first; bounded: page through `rounds` for more. */
  readonly history: readonly RoundView[];
}

export interface RoundView {
  readonly job: string;
  /** From 1. */
  readonly round: number;
  /** `void`: no update was attested, the old model stands. */
  readonly state: 'collecting' | 'aggregating' | 'finalised' | 'void';
  readonly participants: number;
  readonly accepted: number;
  readonly refused: number;
  /** On the held-back data, in [0, 1]. */
  readonly accuracy: number | null;
  readonly seconds: number | null;
  /** SHA3-256 of the model's weights, hex. */
  readonly modelHash: string | null;
}

export interface RoundDetail extends RoundView {
  readonly updates: readonly UpdateView[];
  /** Replicas that have said which updates they hold. */
  readonly attestations: number;
  /** Replicas that have committed this round's result. */
  readonly results: number;
}

/** One device's update of one round, and what the robust rule made of it. */
export interface UpdateView {
  readonly device: string;
  readonly samples: number;
  readonly bytes: number;
  /** L2 norm before clipping. */
  readonly norm: number;
  /** With the robust aggregate, in [-1, 1]. */
  readonly cosine: number;
  /** Share in the aggregate, in [0, 1]. */
  readonly weight: number;
  readonly accepted: boolean;
  /** Kebab case; empty where there is nothing to say. */
  readonly reason: string;
  readonly outlier: boolean;
}

export interface OpenJobRequest {
  /** Up to 32 of a-z, 0-9 and hyphen; chosen by the swarm when absent. */
  readonly job?: string;
  /** `idx:FOLDER` and `csv:FILE` are paths on the machine of the swarm. */
  readonly data: 'names' | 'digits' | `idx:${string}` | `csv:${string}`;
  /** 1 to 1000. */
  readonly rounds: number;
  /** Name of the aggregation rule: `nnm-trimmed-mean`, `cge`, `mean`, … The swarm refuses unknown ones by name. */
  readonly strategy: string;
  /** Dirichlet concentration of the split, 0.01 to 1000; small is more unequal. */
  readonly alpha: number;
  readonly seed?: number;
  /** Liars that the rule is set to tolerate. */
  readonly faulty?: number;
  /** Passes over its own data that a device makes each round, 1 to 100. */
  readonly localEpochs?: number;
  readonly batchSize?: number;
  readonly learningRate?: number;
  /** Hidden units of the model, 1 to 4096. */
  readonly hidden?: number;
  /** Replicas see sums of groups only. Left out: they see each update. */
  readonly privacy?: PrivateRoundsRequest;
}

/** With neither `epsilon` nor `noise`: masks only. */
export interface PrivateRoundsRequest {
  /** Members of a group at least, 5 to 10. @default 5 */
  readonly groupSize?: number;
  /** L2 norm that updates are clipped to, 1e-6 to 1e6. @default 2 — about the length of updates of the built-in data */
  readonly clippingNorm?: number;
  /** Members of one group that may work with replicas, 0 to 8. @default 1 */
  readonly colluders?: number;
  /** What the whole job may cost one device's data: the noise follows. */
  readonly epsilon?: number;
  /** σ of a guaranteed sum over the clipping norm, in place of `epsilon`. */
  readonly noise?: number;
  /** Of epsilon. @default 1e-5 */
  readonly delta?: number;
}
