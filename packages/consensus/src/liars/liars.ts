import { equivocate } from './equivocate.ts';
import { flood } from './flood.ts';
import { badCheckpoint, badSignature, forgedJustification, staleView } from './forge.ts';
import { forgetful } from './forget.ts';
import type { Liar } from './liar.ts';
import { badSample } from './sample.ts';
import { selective, silent, withhold } from './withhold.ts';

/** Every liar by its name. */
export const liars: Readonly<Record<string, Liar>> = Object.fromEntries(
  [
    equivocate,
    silent,
    withhold,
    selective,
    badSignature,
    staleView,
    badCheckpoint,
    forgedJustification,
    forgetful,
    flood,
  ].map((liar) => [liar.name, liar]),
);

/** Those that speak ProBFT, by their names. */
export const probftLiars: Readonly<Record<string, Liar>> = { [badSample.name]: badSample };
