import { type Liar, liars } from '@murmuration/consensus';
import { MurmurError, nearest } from '@murmuration/core';
import { type Attack, attacks } from '@murmuration/learning';

/** What a planted liar does otherwise than an ordinary device. */
export interface Behaviour {
  readonly name: string;
  /** One sentence for a person. */
  readonly describe: string;
  /** What it does to the consensus messages it sends. */
  readonly liar?: Liar;
  /** What it does to the updates it sends. */
  readonly attack?: Attack;
  /** False where it sends no update at all. */
  readonly trains: boolean;
}

/** Every liar that tests, simulations and demos may plant, by name: those of consensus and those of learning. */
export const behaviours: Readonly<Record<string, Behaviour>> = {
  ...fromEntries(Object.values(liars), (liar) => ({
    name: liar.name,
    describe: liar.describe,
    liar,
    // A device that says nothing to other replicas hands over no update either.
    trains: liar.name !== 'silent',
  })),
  ...fromEntries(Object.values(attacks), (attack) => ({
    name: attack.name,
    describe: attack.describe,
    attack,
    trains: true,
  })),
};

/** @throws BEHAVIOUR_UNKNOWN naming the nearest one */
export function behaviourOf(name: string): Behaviour {
  const behaviour = Object.hasOwn(behaviours, name) ? behaviours[name] : undefined;
  if (behaviour !== undefined) return behaviour;
  const names = Object.keys(behaviours);
  const meant = nearest(name, names);
  throw new MurmurError({
    code: 'BEHAVIOUR_UNKNOWN',
    message: `there is no behaviour "${name}"`,
    remedy: meant === undefined ? `known are ${names.join(', ')}` : `did you mean "${meant}"?`,
    facts: { name, ...(meant === undefined ? {} : { nearest: meant }) },
  });
}

function fromEntries<T extends { readonly name: string }>(
  items: readonly T[],
  make: (item: T) => Behaviour,
): Record<string, Behaviour> {
  return Object.fromEntries(items.map((item) => [item.name, make(item)]));
}
