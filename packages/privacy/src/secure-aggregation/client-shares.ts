import { accept, concatBytes, type Result, refuse } from '@murmuration/core';
import { splitSecret, wipe } from '@murmuration/crypto';
import { refuseStrangers } from './client-pairs.ts';
import type { ClientContext, ClientState, HeldShares, Moved } from './client-state.ts';
import { encodeClientMessage, type MessageOf, type ServerMessage } from './messages.ts';
import { commitSecret, openBox, type PairKeys, sealBox, sealRecovery } from './secrets.ts';

/**
 * Draws the two secrets, splits both among the neighbourhood, and seals what the server will need should this member
 * vanish: the seeds of its pairs, under the pair secret.
 */
export function makeShares(context: ClientContext, pairs: ReadonlyMap<number, PairKeys>): Result<Moved> {
  const { plan, self, deps } = context;
  const holders = plan.graph.holders(self);
  const selfSecret = deps.entropy.bytes(32);
  const pairSecret = deps.entropy.bytes(32);
  const selfShares = splitSecret(selfSecret, plan.threshold, holders.length, deps.entropy);
  const pairShares = splitSecret(pairSecret, plan.threshold, holders.length, deps.entropy);
  const sharesOf = (member: number): HeldShares => {
    const place = holders.indexOf(member);
    return { self: selfShares[place] as Uint8Array, pair: pairShares[place] as Uint8Array };
  };
  const boxes = [...pairs].map(([to, keys]) => {
    const shares = sharesOf(to);
    return { to, box: sealBox(plan, keys.box, self, to, concatBytes(shares.self, shares.pair)) };
  });
  const bytes = encodeClientMessage({
    kind: 'shares',
    selfCommitment: commitSecret(plan, self, 'self', selfSecret),
    pairCommitment: commitSecret(plan, self, 'pair', pairSecret),
    recovery: sealRecovery(
      plan,
      self,
      pairSecret,
      [...pairs.values()].map(({ maskSeed }) => maskSeed),
    ),
    boxes,
  });
  wipe(pairSecret);
  const state: ClientState = { phase: 'boxes', pairs, selfSecret, own: sharesOf(self) };
  return accept({ state, effects: [{ kind: 'send', bytes }] });
}

/** The shares that neighbours gave this member to hold, its own among them. */
export function openBoxes(
  context: ClientContext,
  state: Extract<ClientState, { phase: 'boxes' }>,
  { entries }: MessageOf<ServerMessage, 'boxes'>,
): Result<ReadonlyMap<number, HeldShares>> {
  const { plan, self } = context;
  const named = entries.map(({ from }) => from);
  const fit = refuseStrangers(context, named, (member) => state.pairs.has(member));
  if (!fit.ok) return fit;
  const held = new Map<number, HeldShares>([[self, state.own]]);
  for (const { from, box } of entries) {
    const shares = openBox(plan, (state.pairs.get(from) as PairKeys).box, from, self, box);
    if (shares === undefined) return refuse('box-does-not-open', `from member ${from}`);
    held.set(from, { self: shares.slice(0, 32), pair: shares.slice(32) });
  }
  return accept(held);
}
