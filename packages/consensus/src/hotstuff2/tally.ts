import { equalBytes } from '@murmuration/core';
import { refused } from '../loop/shell.ts';
import type { SignedStatement } from '../quorum/statement.ts';
import { decide } from './deciding.ts';
import { payloadOf, persistRecord } from './journal.ts';
import { encodeHotstuff2Message, type Hotstuff2MessageOf } from './messages.ts';
import { combine, holds } from './shares.ts';
import {
  type HeldVote,
  leaderOf,
  mayAnswer,
  type State,
  send,
  sendBytes,
  signedWell,
  statementAt,
  strike,
} from './state.ts';
import { castVote } from './voting.ts';
import { accuse } from './witness.ts';

/** A vote comes to the leader of its view. */
export function onVote(state: State, from: number, message: Hotstuff2MessageOf<'vote' | 'vote2'>): string | undefined {
  const { view, digest, share, signature } = message;
  if (view < state.view) return 'stale-view';
  if (view > state.view) return 'future-view';
  if (leaderOf(state) !== state.self) return 'not-leader';
  const phase = message.kind === 'vote' ? 'prepare' : 'commit';
  if (contradicts(state, from, phase, message)) return 'conflicting-vote';
  const votes = phase === 'prepare' ? state.votes : state.votes2;
  if (votes.has(from)) return again(state, from, phase);
  const vote: HeldVote = { digest, share, signature, verified: false };
  const statement = statementAt(state, phase, view, state.height, digest);
  // What counts must be able to convict. A vote that comes too late to count is looked at when it contradicts.
  const late = phase === 'prepare' && state.prepared !== null;
  if (!late && !signedWell(state, { replica: from, ...statement, signature })) {
    strike(state, from);
    return 'bad-signature';
  }
  if (state.peers[from]?.suspect && !holds(state, statement, from, vote)) return 'bad-signature';
  votes.set(from, vote);
  return undefined;
}

/** It has not heard what its vote led to. */
function again(state: State, from: number, phase: 'prepare' | 'commit'): undefined {
  if (phase === 'prepare' && state.prepared !== null && mayAnswer(state, from)) sendBytes(state, from, state.prepared);
}

/** Two digests of one replica in one view: evidence, where both are its own. */
function contradicts(
  state: State,
  from: number,
  phase: 'prepare' | 'commit',
  { digest, signature }: Pick<HeldVote, 'digest' | 'signature'>,
): boolean {
  for (const [held, heldPhase] of [
    [state.votes.get(from), 'prepare'],
    [state.votes2.get(from), 'commit'],
  ] as const) {
    if (held === undefined || equalBytes(held.digest, digest)) continue;
    const { view, height } = state;
    const second = { replica: from, ...statementAt(state, phase, view, height, digest), signature };
    const first = { replica: from, ...statementAt(state, heldPhase, view, height, held.digest) };
    accuseBoth(state, { ...first, signature: held.signature }, second);
    return true;
  }
  return false;
}

function accuseBoth(state: State, first: SignedStatement, second: SignedStatement): void {
  for (const signed of [first, second]) {
    if (signedWell(state, signed)) continue;
    strike(state, signed.replica);
    refused(state, 'bad-signature', signed.replica);
    return;
  }
  accuse(state, first, second, true);
}

/** Whatever the votes now allow the leader: the certificate of its proposal, then that of the certificate. */
export function advance(state: State): void {
  const { seen, view, height } = state;
  if (seen === null || seen.view !== view || leaderOf(state) !== state.self || state.ownProposal === null) return;
  const { digest, signature } = seen;
  const fits = (vote: HeldVote) => equalBytes(vote.digest, digest);
  if (state.prepared === null) {
    const certificate = combine(state, statementAt(state, 'prepare', view, height, digest), state.votes, fits);
    if (certificate === undefined) return;
    state.lock = { digest, certificate };
    persistRecord(state);
    prepare(state, { height, digest, certificate, signature });
  }
  const certificate = combine(state, statementAt(state, 'commit', view, height, digest), state.votes2, fits);
  const payload = payloadOf(state, digest);
  if (certificate === undefined || payload === undefined) return;
  send(state, 'all', { kind: 'decide', height, digest, certificate });
  decide(state, payload, certificate);
}

/** Votes for the certificate and shows it to all. */
export function prepare(state: State, message: Omit<Hotstuff2MessageOf<'prepare'>, 'kind'>): void {
  state.prepared = encodeHotstuff2Message({ kind: 'prepare', ...message });
  castVote(state, 'commit', message.digest);
  sendBytes(state, 'all', state.prepared);
}
