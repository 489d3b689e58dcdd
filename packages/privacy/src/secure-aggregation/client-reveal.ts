import { accept, type Result, refuse } from '@murmuration/core';
import { wipe } from '@murmuration/crypto';
import { forgetProof } from './client-proof.ts';
import type { ClientContext, ClientState, Moved } from './client-state.ts';
import { encodeClientMessage, type MessageOf, type ServerMessage } from './messages.ts';
import { readSurvivorStatement, type SurvivorSets } from './survivors.ts';

/**
 * The consistency round. Gives the share of each neighbour's self secret where it survived, of its pair secret where it
 * dropped out, and forgets the other one.
 */
export function answerSurvivors(
  context: ClientContext,
  state: Extract<ClientState, { phase: 'masked' }>,
  { statement, certificate }: MessageOf<ServerMessage, 'survivors'>,
): Result<Moved> {
  const { plan, deps } = context;
  const sets = readSurvivorStatement(plan, statement);
  if (!sets.ok) return sets;
  const fit = fitsNeighbourhood(context, state.held, sets.value);
  if (!fit.ok) return fit;
  if (!deps.isCommitted(statement, certificate)) return refuse('not-committed');
  const shares = [...state.held].flatMap(([of, held]) => {
    if (held === null) return [];
    const survived = sets.value.survivors.has(of);
    wipe(survived ? held.pair : held.self);
    return [{ of, share: survived ? held.self : held.pair }];
  });
  if (state.proof !== null) forgetProof(state.proof);
  const reveal = encodeClientMessage({ kind: 'reveal', shares });
  return accept({ state: { phase: 'revealed', statement, reveal }, effects: [{ kind: 'send', bytes: reveal }] });
}

/** Whether the sets agree with what this member saw, and leave enough of its neighbourhood. */
function fitsNeighbourhood(
  { plan, self }: ClientContext,
  held: ReadonlyMap<number, unknown>,
  { sharers, survivors }: SurvivorSets,
): Result<void> {
  if (!survivors.has(self)) return refuse('not-a-survivor');
  for (const member of plan.graph.neighbours(self)) {
    if (sharers.has(member) !== held.has(member)) return refuse('other-sharers', `member ${member}`);
  }
  let near = 0;
  for (const member of held.keys()) if (survivors.has(member)) near++;
  return near < plan.threshold ? refuse('below-threshold', `${near} of ${plan.threshold}`) : accept(undefined);
}
