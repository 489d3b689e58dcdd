import type { Engine, EngineEffect, Epochs, EpochsEffect, ReplicaSet } from '@murmuration/consensus';

/** An engine of a swarm whose replicas never change, spoken to as `createEpochs` is: peers are devices. */
export function oneEpoch(engine: Engine, set: ReplicaSet, self: number): Epochs {
  const place = { set, self, baseHeight: 0 };
  return {
    step: (event) => {
      if (event.kind === 'message') {
        const from = set.replicas.findIndex(({ device }) => device === event.from);
        if (from < 0) return [{ kind: 'refused', from: event.from, reason: 'not-a-replica' }];
        return engine.step({ ...event, from }).flatMap((effect) => translate(effect, set, self));
      }
      const effects = engine.step(event).flatMap((effect) => translate(effect, set, self));
      return event.kind === 'start' ? [{ kind: 'epoch', ...place }, ...effects] : effects;
    },
    get status() {
      return { ...place, engine: engine.status, lastHeight: null, lingering: null };
    },
  };
}

function translate(effect: EngineEffect, set: ReplicaSet, self: number): EpochsEffect | readonly [] {
  const { epoch } = set;
  switch (effect.kind) {
    case 'send': {
      const devices = set.replicas.map(({ device }) => device);
      const to = devices.filter((_, i) => i !== self && (effect.to === 'all' || effect.to === i));
      return { kind: 'send', to, bytes: effect.bytes };
    }
    case 'commit':
      return { ...effect, epoch };
    case 'evidence':
      return { ...effect, epoch };
    case 'stableCheckpoint':
      return { ...effect, epoch };
    case 'behind': {
      const from = set.replicas[effect.from]?.device;
      return from === undefined ? [] : { ...effect, from };
    }
    case 'refused': {
      const { from, ...rest } = effect;
      const device = from === undefined ? undefined : set.replicas[from]?.device;
      return device === undefined ? rest : { ...rest, from: device };
    }
    default:
      return effect;
  }
}
