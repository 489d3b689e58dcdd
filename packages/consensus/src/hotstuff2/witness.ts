import { equalBytes } from '@murmuration/core';
import { createEvidence, evidenceId } from '../evidence/evidence.ts';
import { refused } from '../loop/shell.ts';
import type { SignedStatement, Statement } from '../quorum/statement.ts';
import type { Hotstuff2MessageOf } from './messages.ts';
import { proposalAt, type Seen, type State, send, signedWell, strike } from './state.ts';

/** Evidence made against one replica by one process. One suffices; the rest is for the record. */
const MAX_ACCUSATIONS = 4;

/**
 * Another replica shows what the leader of a view proposed. Compared with what this one saw, decided or was shown
 * before: two proposals of one place convict.
 */
export function compareSeen(state: State, height: number, shown: Seen, from: number): void {
  const known = knownAt(state, height, shown.view);
  if (known !== undefined && equalBytes(known.digest, shown.digest)) return;
  const here = height === state.height && shown.view <= state.view;
  if (known === undefined && !here) return;
  const signed = proposalAt(state, height, shown);
  if (!signedWell(state, signed)) {
    strike(state, from);
    refused(state, 'bad-signature', from);
  } else if (known === undefined) state.rumour = { height, seen: shown };
  else accuse(state, proposalAt(state, height, known), signed, true);
}

function knownAt(state: State, height: number, view: number): Seen | undefined {
  const { seen, decided, rumour } = state;
  if (height === state.height && seen?.view === view) return seen;
  const kept = decided.get(height)?.seen;
  if (kept?.view === view) return kept;
  return rumour?.height === height && rumour.seen.view === view ? rumour.seen : undefined;
}

/**
 * Two statements of one replica that exclude each other, both verified: evidence, kept and told.
 * @param found here, and not told by another replica: then it is told to all
 */
export function accuse(state: State, first: SignedStatement, second: SignedStatement, found: boolean): void {
  const evidence = createEvidence(first, second);
  if (evidence === undefined) return;
  const { replica, view, height } = first;
  const peer = state.peers[replica];
  if (replica === state.self) {
    fallSilent(state, isOwn(state, first) ? second : first);
    return;
  }
  const id = evidenceId(evidence);
  if (peer === undefined || peer.accusations >= MAX_ACCUSATIONS || state.told.has(id)) return;
  peer.accusations += 1;
  state.told.add(id);
  state.effects.push({ kind: 'persist', key: `evidence/${id}`, value: evidence });
  state.effects.push({ kind: 'evidence', evidence });
  if (found) send(state, 'all', { kind: 'exposed', first, second });
  const leads = first.phase === 'pre-prepare' && second.phase === 'pre-prepare';
  if (leads && view === state.view && height === state.height) state.abandon = true;
}

/**
 * Whether this process may have signed it, as far as its journal reaches: whatever it signed is in its last record or
 * at an earlier place.
 */
export function isOwn({ said }: State, { phase, view, height, digest }: Omit<Statement, 'epoch'>): boolean {
  if (said === null || height > said.height) return false;
  if (height < said.height) return true;
  const { voted, lock } = said;
  if (voted === null || view !== voted.view) return voted !== null && view < voted.view;
  // A lock is written before the second vote for it leaves.
  return equalBytes(voted.digest, digest) && (phase !== 'commit' || (lock?.certificate.view ?? -1) >= view);
}

/** The own key signs elsewhere: whatever more this process signed would convict it. */
export function fallSilent(state: State, { phase, view, height, digest }: Omit<Statement, 'epoch'>): void {
  refused(state, 'own-key-elsewhere');
  const { recall, said } = state;
  if (recall.voice === 'silenced') return;
  recall.voice = 'silenced';
  const voted = said?.height === height ? said.voted : null;
  const conflicting = voted?.view === view && !equalBytes(voted.digest, digest);
  state.effects.push({ kind: 'duplicated', phase, view, height, conflicting });
}

/** Another replica has found a liar out. */
export function onExposed(state: State, from: number, message: Hotstuff2MessageOf<'exposed'>): string | undefined {
  const { first, second } = message;
  const evidence = createEvidence(first, second);
  if (evidence === undefined) return 'no-conflict';
  if (first.epoch !== state.set.epoch) return 'wrong-epoch';
  if (state.told.has(evidenceId(evidence))) return undefined;
  if (!signedWell(state, first) || !signedWell(state, second)) {
    strike(state, from);
    return 'bad-signature';
  }
  accuse(state, first, second, false);
  return undefined;
}
