import type { Aggregator, AggregatorInput, ClientInput, MaskingClient } from '@murmuration/privacy';
import type { Answer, Opening } from './apart.ts';
import { clientOf, planOf, serverOf, timed } from './secure-aggregation-world.ts';

/** The process in which one part of a plan runs: see apart.ts. */
let step: (input: AggregatorInput & ClientInput) => Answer['effects'] = () => [];

process.on('message', (message: Opening | (AggregatorInput & ClientInput)) => {
  const [effects, cpuMs] = timed(() => {
    if (!('part' in message)) return step(message);
    step = open(message);
    return [];
  });
  process.send?.({ effects, cpuMs } satisfies Answer);
});

function open(opening: Opening): typeof step {
  const plan = planOf(opening);
  const machine: Aggregator | MaskingClient =
    opening.part === 'server' ? serverOf(plan) : clientOf(plan, opening.member, opening.input);
  return (input) => machine.step(input);
}
