import { equivocate } from './equivocate.ts';
import { flood } from './flood.ts';
import { badCheckpoint, badSignature, forgedJustification, staleView } from './forge.ts';
import type { Liar } from './liar.ts';
import { selective, silent, withhold } from './withhold.ts';

/** Every liar by its name. */
export const liars: Readonly<Record<string, Liar>> = Object.fromEntries(
  [equivocate, silent, withhold, selective, badSignature, staleView, badCheckpoint, forgedJustification, flood].map(
    (liar) => [liar.name, liar],
  ),
);
