import type { SwarmSnapshot } from '@murmuration/node';
import Type, { type Static } from 'typebox';
import { JobSchema } from './learning.ts';
import {
  count,
  device,
  type Frozen,
  hex,
  inline,
  nullable,
  number,
  object,
  type Same,
  text,
  time,
  words,
} from './parts.ts';
import { QuarantineSchema } from './trust.ts';

export const DeviceSchema = object('DeviceView', {
  device: device(),
  short: text('eight characters for a screen, never a key'),
  name: text('given by its owner'),
  role: words('replica', 'member'),
  state: words('starting', 'up', 'down', 'quarantined'),
  height: count('ledger height it has applied'),
  view: count('consensus view it is in'),
  keyEpoch: count('how often its operational key was rotated'),
  certificateExpiresMs: time(),
  addresses: Type.Array(Type.String(), { description: 'multiaddrs it listens on' }),
  samples: count('training samples it holds'),
  rssMb: number('resident memory, MiB'),
  pid: nullable(count('process id; null where the process is gone or on another machine')),
  behaviour: nullable(text('the planted liar, known only to who planted it; null for an ordinary device')),
});

export const LinkSchema = object('LinkView', {
  from: device(),
  to: device(),
  rttMs: nullable(number('round-trip time, milliseconds; null until measured')),
});

const QuorumSchema = object(
  'QuorumView',
  {
    replicas: count('n'),
    faultyTolerated: count('f = floor((n - 1) / 3)'),
    quorum: count('ceil((n + f + 1) / 2)'),
    live: count('replicas that answer right now'),
    health: words('healthy', 'degraded', 'lost'),
  },
  'What consensus tolerates; training tolerates less.',
);

const TrainingSchema = object(
  'TrainingView',
  {
    participants: count('devices that train'),
    faultyTolerated: count('liars that the rule tolerates'),
    strategy: text('aggregation rule'),
  },
  'What training tolerates.',
);

const LedgerSchema = object('LedgerView', {
  height: count('blocks applied'),
  stateRoot: hex('Merkle root of the state at this height'),
  replicasAgreeing: count('replicas that report this root at this height'),
  view: count('consensus view'),
  primary: device('device id of the primary'),
  commitLatencyMs: inline({ p50: number('milliseconds'), p99: number('milliseconds') }),
});

export const SnapshotSchema = object(
  'SwarmSnapshot',
  {
    swarm: object('SwarmView', {
      id: hex('chain id, hash of the genesis'),
      name: text('given in the genesis'),
      startedAtMs: time(),
      version: text('of the software'),
    }),
    quorum: QuorumSchema,
    training: TrainingSchema,
    ledger: LedgerSchema,
    devices: Type.Array(DeviceSchema),
    links: Type.Array(LinkSchema),
    job: nullable(JobSchema),
    quarantines: Type.Array(QuarantineSchema),
  },
  'All that the first screen shows, at one moment.',
);

/** Stops compiling when schema and view part. */
export const snapshotHeld: Same<Frozen<Static<typeof SnapshotSchema>>, SwarmSnapshot> = true;
