/**
 * What bounds the state. All replicas must hold the same values, so they are constants of this version of
 * the state machine and not options: changing one is a new version of the chain.
 */

/** Registered devices. */
export const MAX_DEVICES = 1_024;
/** Replicas in a genesis. */
export const MAX_REPLICAS = 128;
/** Characters of a device's name. */
export const MAX_NAME_CHARS = 64;
/** Characters of a job's id. */
export const MAX_JOB_ID_CHARS = 32;
/** Bytes of a training plan, which the ledger carries unread. */
export const MAX_PLAN_BYTES = 4_096;
/** Rounds of one job. */
export const MAX_ROUNDS = 10_000;
/** Jobs that one chain ever holds: an id is never used twice, so that no old signature speaks about a new job. */
export const MAX_JOBS = 4_096;
/** Jobs that run at once. */
export const MAX_RUNNING_JOBS = 16;
/** Of these, opened by one device: four devices cannot shut the others out. */
export const MAX_RUNNING_JOBS_PER_DEVICE = 4;
/** Jobs that one device ever opens. */
export const MAX_JOBS_PER_DEVICE = 1_024;
/** Characters of a verdict's reason. */
export const MAX_REASON_CHARS = 64;
/** A signed command. Evidence of two rounds with a hundred verdicts each, from 34 replicas, takes about 700 KiB. */
export const MAX_COMMAND_BYTES = 1024 * 1024;
/** Sequence numbers that may still arrive below the highest that a device has used. */
export const REPLAY_WINDOW = 64;
/** Closed rounds, over all jobs, whose updates and verdicts are kept; older ones keep a summary. */
export const DETAILED_ROUNDS = 64;
/** Closed rounds, over all jobs, of which a summary is kept; of older ones only the job's last model stays. */
export const SUMMARY_ROUNDS = 4_096;
/** Closed rounds, over all jobs, whose signed commands are kept as proof. A round that a strike rests on stays longer. */
export const PROOF_ROUNDS = 8;
/** Finalised rounds with an outlier verdict that quarantine a device. */
export const OUTLIER_ROUNDS = 2;
/** Epochs whose replicas are remembered, so that evidence of them can be checked. */
export const MAX_EPOCHS = 256;
/** Heights after which a change of replicas may take effect at the latest. */
export const MAX_LOOKAHEAD = 1_024;
/** Other clusters that one chain follows. */
export const MAX_CLUSTERS = 16;
/** Deals with other clusters that one device ever prepares: they are never forgotten. */
export const MAX_ATOMICS_PER_DEVICE = 256;
/** Pieces of evidence recorded during one quarantine, without another strike. */
export const MAX_EVIDENCE_PER_QUARANTINE = 16;

const MINUTE_MS = 60_000;
/** How long the first, second and third quarantine last; the next is a ban. In block time. */
export const QUARANTINE_MS: readonly number[] = [5 * MINUTE_MS, 15 * MINUTE_MS, 60 * MINUTE_MS];
/** How long a device is observed after each release. In block time. */
export const OBSERVATION_MS = 10 * MINUTE_MS;
