import { accept, equalBytes, type Result, refuse } from '@murmuration/core';
import { type AgreementKey, ed25519Verify, sha3_256 } from '@murmuration/crypto';
import type { ClientContext, ClientState, Moved } from './client-state.ts';
import { encodeClientMessage, type MessageOf, type ServerMessage } from './messages.ts';
import { readRosterStatement } from './roster.ts';
import { KEYS_DOMAIN, type PairKeys, pairContext, pairKeys, signedKey } from './secrets.ts';

/** Entries must name neighbours, each once and in ascending order. */
export function refuseStrangers(
  { plan, self }: ClientContext,
  members: readonly number[],
  known: (member: number) => boolean,
): Result<void> {
  let last = -1;
  for (const member of members) {
    if (member <= last) return refuse('repeated-member', `member ${member}`);
    if (member === self || member >= plan.members.length || !known(member))
      return refuse('stranger', `member ${member}`);
    last = member;
  }
  if (members.length + 1 < plan.threshold)
    return refuse('below-threshold', `${members.length} of ${plan.threshold - 1}`);
  return accept(undefined);
}

/** The keys of neighbours, where each is signed for this plan by the device that the swarm knows. */
export function readRoster(
  context: ClientContext,
  { entries }: MessageOf<ServerMessage, 'roster'>,
): Result<ReadonlyMap<number, Uint8Array>> {
  const { plan, self, deps } = context;
  const named = entries.map(({ member }) => member);
  const fit = refuseStrangers(context, named, (member) => plan.graph.areNeighbours(self, member));
  if (!fit.ok) return fit;
  const verify = deps.verify ?? ed25519Verify;
  const roster = new Map<number, Uint8Array>();
  for (const { member, publicKey, signature } of entries) {
    const signer = deps.keyOf(member);
    if (signer === undefined || !verify(KEYS_DOMAIN, signedKey(plan, member, publicKey), signature, signer)) {
      return refuse('bad-signature', `the key of member ${member}`);
    }
    roster.set(member, publicKey);
  }
  return accept(roster);
}

/** The same, where the swarm has committed to the keys. */
export function readCommittedRoster(
  context: ClientContext,
  { entries, statement, certificate }: MessageOf<ServerMessage, 'committed-roster'>,
): Result<ReadonlyMap<number, Uint8Array>> {
  const { plan, self, deps } = context;
  const named = entries.map(({ member }) => member);
  const fit = refuseStrangers(context, named, (member) => plan.graph.areNeighbours(self, member));
  if (!fit.ok) return fit;
  const committed = readRosterStatement(plan, statement);
  if (!committed.ok) return committed;
  for (const { member, publicKey } of entries) {
    const digest = committed.value.get(member);
    if (digest === undefined || !equalBytes(digest, sha3_256(publicKey))) {
      return refuse('not-in-roster', `the key of member ${member}`);
    }
  }
  if (!deps.isCommitted(statement, certificate)) return refuse('not-committed');
  return accept(new Map(entries.map(({ member, publicKey }) => [member, publicKey])));
}

/** Makes the ciphertext of each pair that this member initiates. */
export function initiatePairs(
  { plan, self, deps }: ClientContext,
  key: AgreementKey,
  roster: ReadonlyMap<number, Uint8Array>,
): Result<Moved> {
  const initiated = new Map<number, PairKeys>();
  const ciphertexts: { to: number; ciphertext: Uint8Array }[] = [];
  for (const [member, publicKey] of roster) {
    if (!plan.graph.initiates(self, member)) continue;
    const coins = deps.coins === 'entropy' ? deps.entropy.bytes(32) : undefined;
    const made = key.initiate(publicKey, pairContext(plan, self, member), coins);
    if (!made.ok) return refuse(made.reason, `the key of member ${member}`);
    initiated.set(member, pairKeys(made.value.shared));
    ciphertexts.push({ to: member, ciphertext: made.value.ciphertext });
  }
  const bytes = encodeClientMessage({ kind: 'ciphertexts', ciphertexts });
  return accept({ state: { phase: 'pairs', key, roster, initiated }, effects: [{ kind: 'send', bytes }] });
}

/** The keys of every pair that is left, in ascending order of the neighbours. */
export function agreeWithInitiators(
  context: ClientContext,
  state: Extract<ClientState, { phase: 'pairs' }>,
  { entries }: MessageOf<ServerMessage, 'pairs'>,
): Result<ReadonlyMap<number, PairKeys>> {
  const { plan, self } = context;
  const named = entries.map(({ from }) => from);
  const fit = refuseStrangers(context, named, (member) => state.roster.has(member));
  if (!fit.ok) return fit;
  const pairs = new Map<number, PairKeys>();
  for (const { from, ciphertext } of entries) {
    const own = state.initiated.get(from);
    if ((own === undefined) !== (ciphertext !== null)) return refuse('wrong-initiator', `member ${from}`);
    if (ciphertext === null) {
      pairs.set(from, own as PairKeys);
      continue;
    }
    const publicKey = state.roster.get(from) as Uint8Array;
    const agreed = state.key.respond(publicKey, ciphertext, pairContext(plan, self, from));
    if (!agreed.ok) return refuse(agreed.reason, `of member ${from}`);
    pairs.set(from, pairKeys(agreed.value));
  }
  return accept(pairs);
}
