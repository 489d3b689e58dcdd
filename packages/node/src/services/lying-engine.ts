import type { Engine, EngineEffect, Liar, ReplicaSet } from '@murmuration/consensus';
import type { Signer } from '@murmuration/crypto';

/** A planted liar: what it does to each message this replica sends. */
export interface PlantedLiar {
  readonly liar: Liar;
  /** It behaves until this says so. */
  readonly begins: () => boolean;
  /** Called when it first sent something else than the engine asked for. */
  readonly onLie: () => void;
}

export interface LiarSeat {
  readonly set: ReplicaSet;
  readonly self: number;
  readonly signer: Signer;
}

/** The ordinary engine behind a liar. */
export function lyingEngine(engine: Engine, { set, self, signer }: LiarSeat, planted: PlantedLiar): Engine {
  const lie = (effect: EngineEffect): readonly EngineEffect[] => {
    if (effect.kind !== 'send' || !planted.begins()) return [effect];
    const { view, height } = engine.status;
    const context = { self, n: set.replicas.length, signer, height, view, replicaSet: set };
    const sends = planted.liar.onSend(context, effect);
    if (sends.length !== 1 || sends[0] !== effect) planted.onLie();
    return sends;
  };
  return {
    step: (event) => engine.step(event).flatMap(lie),
    get status() {
      return engine.status;
    },
  };
}
