import type { Aggregator, AggregatorInput, ClientInput, MaskingClient } from '@murmuration/privacy';
import type { Answer, Opening } from './apart.ts';
import { clientOf, planOf, serverOf, timed } from './secure-aggregation-world.ts';

/**
 * The process in which one part of a plan runs: see apart.ts. What a plan before left is collected first: vectors that
 * came between processes, which no step of the part is to pay for. What the part itself leaves is little: 2 MB.
 */
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
  globalThis.gc?.();
  const plan = planOf(opening);
  const machine: Aggregator | MaskingClient =
    opening.part === 'server' ? serverOf(plan) : clientOf(plan, opening.member, opening.input);
  return (input) => machine.step(input);
}
