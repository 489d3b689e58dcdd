import type { EvidenceView, QuarantineView } from '@murmuration/node';
import type { Static } from 'typebox';
import { count, device, type Frozen, hex, nullable, number, object, type Same, text, time } from './parts.ts';

export const QuarantineSchema = object('QuarantineView', {
  device: device(),
  reason: text('kebab case'),
  evidenceId: nullable(hex('null where it rests on no evidence')),
  sinceMs: time(),
  untilMs: nullable(time('unix milliseconds; null for a permanent ban')),
  detectionMs: nullable(number('from the lie to the quarantine, milliseconds')),
});

export const EvidenceSchema = object('EvidenceView', {
  id: hex('32 characters'),
  kind: text('kebab case'),
  accused: device(),
  height: count('ledger height that recorded it'),
  atMs: time(),
  summary: text('one sentence for a person'),
});

/** Stop compiling when schema and view part. */
export const quarantineHeld: Same<Frozen<Static<typeof QuarantineSchema>>, QuarantineView> = true;
export const evidenceHeld: Same<Frozen<Static<typeof EvidenceSchema>>, EvidenceView> = true;
