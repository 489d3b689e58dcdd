import type { BlockView } from '@murmuration/node';
import Type, { type Static } from 'typebox';
import { count, device, type Frozen, hex, object, type Same, text, time } from './parts.ts';

export const BlockSchema = object('BlockView', {
  height: Type.Integer({ minimum: 1 }),
  timeMs: time(),
  requests: count('commands in it'),
  bytes: count('of the payload'),
  view: count('consensus view that committed it'),
  signers: count('replicas whose signatures are in the certificate'),
  digest: hex('SHA3-256 of the payload'),
  commands: Type.Array(
    object('CommandView', {
      kind: text('kebab case'),
      device: device('who signed it'),
      outcome: text('applied, duplicate, or the reason of the refusal'),
    }),
  ),
});

/** Said by one device, and to be believed only through a light client: `openLightReader` of the SDK. */
export const CheckpointsSchema = object('Checkpoints', {
  items: Type.Array(
    object('CheckpointView', {
      epoch: count('whose replicas signed it'),
      height: count('ledger height'),
      stateDigest: hex('Merkle root of the state after that height'),
      certificate: hex('signatures of a quorum, encoded'),
      epochProof: hex('at the last height of an epoch: who decides next, proved under the root; else empty'),
    }),
  ),
});

/** Stops compiling when schema and view part. */
export const blockHeld: Same<Frozen<Static<typeof BlockSchema>>, BlockView> = true;
