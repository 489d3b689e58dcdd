import { equalBytes } from '@murmuration/core';
import { primaryOf } from '../quorum/replica-set.ts';
import type { SignedStatement } from '../quorum/statement.ts';
import type { MessageOf } from './messages.ts';
import { advance } from './normal-case.ts';
import { heldOf, MAX_ANSWERS, refused, type Slot, type State, send, statementAt } from './state.ts';
import { checkSigned } from './witness.ts';

/**
 * Nothing new is signed after a boot before Q - 1 others have said what they hold of this key: a disk may be an old
 * copy, and a second process may run with the same key. Q - 1 others are needed for any progress anyway, so this
 * costs one exchange and never a decision. What one is not told of it cannot know: a vote that reached fewer than
 * n - Q + f + 1 others may stay unseen.
 */
export function askOthers(state: State): void {
  if (state.voice !== 'asking') return;
  if (state.answered.size >= state.q - 1) speak(state);
  else send(state, 'all', { kind: 'recall' });
}

/** A replica that has just booted asks what is held of it: for each height its last word, and how it left its view. */
export function onRecall(state: State, from: number): string | undefined {
  const peer = state.peers[from] as { answers: number };
  if (peer.answers >= MAX_ANSWERS) return 'too-many-questions';
  peer.answers += 1;
  const statements: SignedStatement[] = [];
  for (const slot of state.slots.values()) statements.push(...lastWords(state, slot, from));
  const change = state.viewChanges[from];
  if (change !== undefined) statements.push(signedBody(state, 'view-change', from, change.body.view, change));
  const { newView } = state;
  if (newView !== null && primaryOf(newView.body.view, state.n) === from) {
    statements.push(signedBody(state, 'new-view', from, newView.body.view, newView));
  }
  send(state, from, { kind: 'recalled', statements });
  return undefined;
}

/** What one replica signed in the highest view that we know of it at a height: a commit implies the rest. */
function lastWords(state: State, slot: Slot, replica: number): SignedStatement[] {
  const rounds = [...slot.rounds.values()].sort((a, b) => b.view - a.view);
  for (const round of rounds) {
    const last = heldOf(state, slot, round, replica).at(-1);
    if (last === undefined) continue;
    const { epoch, phase, view, height, digest, signature } = last;
    return [{ replica, epoch, phase, view, height, digest, signature }];
  }
  return [];
}

function signedBody(
  state: State,
  phase: 'view-change' | 'new-view',
  replica: number,
  view: number,
  { digest, signature }: { readonly digest: Uint8Array; readonly signature: Uint8Array },
): SignedStatement {
  return { replica, ...statementAt(state, { phase, view, height: 0, digest }), signature };
}

/** What another replica holds of us. */
export function onRecalled(state: State, from: number, { statements }: MessageOf<'recalled'>): string | undefined {
  if (state.answered.has(from)) return 'unasked-recall';
  for (const signed of statements) {
    if (signed.replica !== state.self || signed.epoch !== state.set.epoch) return 'no-recall';
    checkOwn(state, signed, from);
  }
  state.answered.add(from);
  if (state.voice === 'asking' && state.answered.size >= state.q - 1) speak(state);
  return undefined;
}

/** From now on it votes, on what has come meanwhile too. */
function speak(state: State): void {
  state.voice = 'free';
  for (const slot of state.slots.values()) {
    const round = slot.rounds.get(state.view);
    if (round !== undefined) advance(state, slot, round);
  }
}

/**
 * Something under the own key: where the journal does not know it and it is signed, another process has the key, or
 * this one started from an old copy of its disk. Either way it must vote no more.
 */
export function checkOwn(state: State, signed: SignedStatement, from: number): void {
  if (isOwn(state, signed) || !checkSigned(state, signed, from)) return;
  refused(state, from, 'own-key-elsewhere');
  if (!state.stopIfDuplicated || state.voice === 'silenced') return;
  state.voice = 'silenced';
  const { phase, view, height, digest } = signed;
  const vote = state.slots.get(height)?.vote;
  const conflicting = vote != null && vote.view === view && !equalBytes(vote.digest, digest);
  state.effects.push({ kind: 'duplicated', phase, view, height, conflicting });
}

/** Whether this process may have signed it, as far as its journal reaches. */
function isOwn(state: State, signed: SignedStatement): boolean {
  const { phase, view, digest } = signed;
  if (phase === 'view-change') {
    const own = state.viewChanges[state.self];
    if (own === undefined || own.body.view < view) return false;
    return own.body.view > view || equalBytes(own.digest, digest);
  }
  if (phase === 'new-view') {
    const own = state.newView;
    return view < state.view || (view === own?.body.view && equalBytes(own.digest, digest));
  }
  // States come from executing, which a crash may set back; they do not bind.
  return phase === 'checkpoint' || isOwnVote(state, signed);
}

function isOwnVote(state: State, { phase, view, height, digest }: SignedStatement): boolean {
  if (height <= state.stable.height) return true;
  const vote = state.slots.get(height)?.vote;
  if (vote != null && vote.view >= view) {
    if (vote.view > view) return true;
    return equalBytes(vote.digest, digest) && (phase !== 'commit' || vote.commit !== null);
  }
  // A new-view proposes for heights that its primary may not have voted on itself.
  if (phase !== 'pre-prepare' || view > state.view) return false;
  if (view < state.view) return true;
  const bound = state.newView?.body.proposals.find((proposal) => proposal.height === height);
  return bound !== undefined && equalBytes(bound.digest, digest);
}
