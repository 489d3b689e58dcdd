import type { SwarmEvent } from '@murmuration/node';
import Type, { type Static } from 'typebox';
import { RoundSchema } from './learning.ts';
import { BlockSchema } from './ledger.ts';
import { device, type Frozen, inline, nullable, type Same, text, time, words } from './parts.ts';
import { SnapshotSchema } from './swarm.ts';
import { EvidenceSchema, QuarantineSchema } from './trust.ts';

/** What the WebSocket sends, one JSON text each. */
export const EventSchema = Type.Union(
  [
    inline({ kind: words('snapshot'), snapshot: SnapshotSchema }),
    inline({ kind: words('round'), round: RoundSchema }),
    inline({ kind: words('block'), block: BlockSchema }),
    inline({ kind: words('quarantine'), quarantine: QuarantineSchema }),
    inline({ kind: words('evidence'), evidence: EvidenceSchema }),
    inline({
      kind: words('log'),
      atMs: time(),
      level: words('info', 'warn', 'error'),
      device: nullable(device('device id; null where the swarm as a whole speaks')),
      text: text('a line for people'),
    }),
  ],
  { title: 'SwarmEvent' },
);

/** Stops compiling when schema and view part. */
export const eventHeld: Same<Frozen<Static<typeof EventSchema>>, SwarmEvent> = true;
