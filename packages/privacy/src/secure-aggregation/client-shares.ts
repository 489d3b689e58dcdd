import { accept, concatBytes, type Result } from '@murmuration/core';
import { splitSecret, wipe } from '@murmuration/crypto';
import { refuseStrangers } from './client-pairs.ts';
import type { ClientContext, ClientState, HeldShares, Holdings, Moved } from './client-state.ts';
import { encodeClientMessage, type MessageOf, type ServerMessage } from './messages.ts';
import { commitSecret, openBox, type PairKeys, sealBox, sealRecovery, shareDigest } from './secrets.ts';

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
  const digestsOf = (holder: number, shares: HeldShares) =>
    concatBytes(
      shareDigest(plan, self, holder, 'self', shares.self),
      shareDigest(plan, self, holder, 'pair', shares.pair),
    );
  const own = sharesOf(self);
  const boxes = [...pairs].map(([to, keys]) => {
    const shares = sharesOf(to);
    const box = sealBox(plan, keys.box, self, to, concatBytes(shares.self, shares.pair));
    return { to, box, digests: digestsOf(to, shares) };
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
    own: digestsOf(self, own),
    boxes,
  });
  wipe(pairSecret);
  const state: ClientState = { phase: 'boxes', pairs, selfSecret, own };
  return accept({ state, effects: [{ kind: 'send', bytes }] });
}

/**
 * The shares that neighbours gave this member to hold, its own among them. Whose box does not open has given none; its
 * mask is due all the same, or one liar would stop its whole neighbourhood.
 */
export function openBoxes(
  context: ClientContext,
  state: Extract<ClientState, { phase: 'boxes' }>,
  { entries }: MessageOf<ServerMessage, 'boxes'>,
): Result<Holdings> {
  const { plan, self } = context;
  const named = entries.map(({ from }) => from);
  const fit = refuseStrangers(context, named, (member) => state.pairs.has(member));
  if (!fit.ok) return fit;
  const held = new Map<number, HeldShares | null>([[self, state.own]]);
  for (const { from, box } of entries) {
    const shares = openBox(plan, (state.pairs.get(from) as PairKeys).box, from, self, box);
    held.set(from, shares === undefined ? null : { self: shares.slice(0, 32), pair: shares.slice(32) });
  }
  return accept(held);
}
