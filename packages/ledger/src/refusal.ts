import type { Refused } from '@murmuration/core';

/** Why a request had no effect. Stable: clients branch on them, and counters carry them as labels. */
export const REFUSAL_REASONS = [
  // The bytes.
  'too-large',
  'malformed',
  'wrong-shape',
  'not-canonical',
  // The sender.
  'unknown-device',
  'bad-signature',
  'duplicate',
  'sequence-used',
  'sequence-too-old',
  'certificate-not-yet-valid',
  'certificate-expired',
  'quarantined',
  'not-a-replica',
  // The fee policy; its own reason is the detail.
  'fee-refused',
  // Devices.
  'bad-certificate',
  'certificate-of-another-device',
  'already-registered',
  'bad-name',
  'too-many-devices',
  'no-continuity',
  // Jobs.
  'bad-job-id',
  'job-exists',
  'participants-not-ascending',
  'unknown-participant',
  'too-many-jobs',
  'too-many-running-jobs',
  // Rounds.
  'unknown-job',
  'no-such-round',
  'round-not-open',
  'round-not-collecting',
  'round-not-aggregating',
  'round-closed',
  'round-forgotten',
  'not-a-participant',
  'already-committed',
  'already-attested',
  'updates-not-ascending',
  'update-not-committed',
  'verdicts-do-not-match',
  // The command is evidence against its sender, who is quarantined.
  'double-update',
  'result-mismatch',
  // Evidence.
  'bad-evidence',
  'evidence-found-by-ledger',
  'unknown-accused',
  'accused-is-no-replica',
  'evidence-known',
  'already-banned',
  'evidence-limit',
  // Replicas.
  'replicas-fixed',
  'already-a-replica',
  'already-approved',
  // Other clusters.
  'bad-cluster',
  'cluster-known',
  'too-many-clusters',
  'unknown-cluster',
  'bad-header',
  'not-a-party',
  'deadline-passed',
  'already-prepared',
  'too-many-deals',
  'unknown-deal',
  'already-resolved',
  'unknown-state',
  'bad-proof',
  'undecided',
] as const;

export type RefusalReason = (typeof REFUSAL_REASONS)[number];

/** Null where the command had its effect. */
export type Refusal = Refused<RefusalReason> | null;
