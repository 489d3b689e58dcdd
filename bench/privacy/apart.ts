import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type {
  AggregationPlan,
  AggregationResult,
  AggregatorEffect,
  AggregatorInput,
  ClientEffect,
  ClientInput,
} from '@murmuration/privacy';
import { certify, clientOf, planOf, type RoundOptions, serverOf } from './secure-aggregation-world.ts';

/** A part of one plan, stepped in a process of its own: the others' memory is not its collector's work. */
export type Opening = Omit<RoundOptions, 'lost' | 'inputOf' | 'verify'> &
  ({ readonly part: 'server' } | { readonly part: 'client'; readonly member: number; readonly input: Int32Array });

export interface Answer {
  readonly effects: readonly (AggregatorEffect | ClientEffect)[];
  readonly cpuMs: number;
}

export interface Part {
  open(opening: Opening): Promise<void>;
  server(input: AggregatorInput): Promise<readonly AggregatorEffect[]>;
  client(input: ClientInput): Promise<readonly ClientEffect[]>;
  /** Processor time of each step since it was opened, in ms. */
  readonly cpuMs: readonly number[];
  close(): Promise<void>;
}

export function startPart(): Part {
  const child = fork(fileURLToPath(new URL('./part.ts', import.meta.url)), {
    serialization: 'advanced',
    execArgv: ['--conditions=murmuration-src', '--expose-gc'],
  });
  const exited = once(child, 'exit');
  const cpuMs: number[] = [];
  const ask = async <E>(question: Opening | AggregatorInput | ClientInput): Promise<readonly E[]> => {
    child.send(question);
    const answer = await answerOf(child, exited);
    cpuMs.push(answer.cpuMs);
    return answer.effects as readonly E[];
  };
  return {
    cpuMs,
    open: async (opening) => {
      await ask(opening);
      cpuMs.length = 0;
    },
    server: (input) => ask<AggregatorEffect>(input),
    client: (input) => ask<ClientEffect>(input),
    close: async () => {
      child.disconnect();
      await exited;
    },
  };
}

async function answerOf(child: ChildProcess, exited: Promise<unknown[]>): Promise<Answer> {
  const ended = exited.then(() => {
    throw new Error('a part of the plan ended');
  });
  const [answer] = (await Promise.race([once(child, 'message'), ended])) as [Answer];
  return answer;
}

export interface Apart {
  readonly plan: AggregationPlan;
  readonly result: AggregationResult | undefined;
}

/** One whole plan, with its server or its member 0 in the process of `part`. */
export async function runApart(options: RoundOptions, part: Part, which: 'server' | 'client'): Promise<Apart> {
  const { inputOf, lost, verify: _, ...open } = options;
  const plan = planOf(options);
  const input = inputOf(0);
  await part.open(which === 'server' ? { ...open, part: 'server' } : { ...open, part: 'client', member: 0, input });
  const aggregator = serverOf(plan);
  const clients = plan.members.map((_, member) => clientOf(plan, member, inputOf(member)));
  const server = (event: AggregatorInput) => (which === 'server' ? part.server(event) : aggregator.step(event));
  const client = (member: number, event: ClientInput) =>
    which === 'client' && member === 0 ? part.client(event) : clients[member]?.step(event);

  let result: AggregationResult | undefined;
  const queue: AggregatorEffect[] = [];
  const tell = async (event: AggregatorInput) => void queue.push(...(await server(event)));
  const answer = async (member: number, event: ClientInput) => {
    for (const effect of (await client(member, event)) ?? []) {
      if (effect.kind === 'refused') throw new Error(`member ${member} refused: ${effect.reason}`);
      const silent = lost(member) && clients[member]?.phase === 'masked';
      if (effect.kind === 'send' && !silent) await tell({ kind: 'message', from: member, bytes: effect.bytes });
    }
  };
  for (const member of plan.members.keys()) await answer(member, { kind: 'start' });
  for (let deadlines = 0; result === undefined && deadlines < 8; deadlines++) {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      if (next.kind === 'send') await answer(next.to, { kind: 'message', bytes: next.bytes });
      else if (next.kind === 'commit') await tell({ kind: 'certified', certificate: certify(next.statement) });
      else if (next.kind === 'sum') result = next.result;
      else if (next.kind !== 'phase') throw new Error(`${next.kind}: ${next.reason}`);
    }
    if (result === undefined) await tell({ kind: 'deadline' });
  }
  return { plan, result };
}
