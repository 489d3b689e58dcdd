import { checkInteger, MurmurError } from '@murmuration/core';
import { checkPlan } from '../check-plan.ts';
import type { PrivacyEvent } from '../event.ts';
import { PoissonDraw } from '../noise/poisson.ts';
import { MAX_CHARGE_EVENTS } from './entry.ts';

/** What a release costs. */
export interface Charge {
  /** For people: what is released, at most 256 characters. Never data. */
  readonly purpose: string;
  readonly events: readonly PrivacyEvent[];
  /** One executed draw for each Poisson-sampled step among `events`: amplification is charged for no other. */
  readonly draws?: readonly PoissonDraw[];
}

/** @returns a copy that the caller can no longer change, its draws used up */
export function checkCharge({ purpose, events, draws = [] }: Charge): Charge {
  const copy = structuredClone([...events]);
  checkInteger('events of a charge', copy.length, 1, MAX_CHARGE_EVENTS);
  checkInteger('characters of a purpose', typeof purpose === 'string' ? purpose.length : 0, 1, 256);
  checkPlan({ adjacency: 'add-or-remove-one', events: copy });
  chargeDraws(copy, draws);
  return { purpose, events: copy };
}

/** Each Poisson step needs a draw of its own at its rate. Draws are used up only once all are there. */
function chargeDraws(events: readonly PrivacyEvent[], draws: readonly PoissonDraw[]): void {
  const left = new Set(draws.filter(PoissonDraw.isDraw));
  const used: PoissonDraw[] = [];
  for (const { sampling, count } of events) {
    if (sampling.kind !== 'poisson' || sampling.rate === 1) continue;
    const matching = [...left].filter((draw) => draw.rate === sampling.rate).slice(0, count);
    if (matching.length < count) throw notExecuted(sampling.rate, count, draws.length);
    for (const draw of matching) left.delete(draw);
    used.push(...matching);
  }
  for (const draw of used) draw.charge();
}

function notExecuted(rate: number, count: number, draws: number): MurmurError {
  return new MurmurError({
    code: 'PRIVACY_SAMPLING_NOT_EXECUTED',
    message: `${count} steps of Poisson sampling at rate ${rate} were charged with ${draws} executed draws`,
    remedy: 'pass one drawPoisson of that rate for each step, or charge without sampling',
    facts: { rate, count, draws },
  });
}
