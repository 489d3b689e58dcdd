import type { EngineEffect, Liar } from '../../src/index.ts';
import type { Lockstep } from '../cluster/lockstep.ts';

/** From now on replica `self` sends what `liar` makes of its messages. */
export function lie(net: Lockstep, self: number, liar: Liar): void {
  const engine = net.engines[self] as (typeof net.engines)[number];
  const { n, keys } = net;
  net.engines[self] = {
    get status() {
      return engine.status;
    },
    step(event) {
      return engine.step(event).flatMap((effect): readonly EngineEffect[] => {
        if (effect.kind !== 'send') return [effect];
        const { height, view } = engine.status;
        const signer = keys.signers[self] as (typeof keys.signers)[number];
        return liar.onSend({ self, n, signer, height, view, replicaSet: keys.set }, effect);
      });
    },
  };
}
