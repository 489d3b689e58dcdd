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

/** Stops compiling when schema and view part. */
export const blockHeld: Same<Frozen<Static<typeof BlockSchema>>, BlockView> = true;
