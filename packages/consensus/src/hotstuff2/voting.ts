import { equalBytes } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { decodeBatch } from '../quorum/batch.ts';
import type { AggregateCertificate } from './certificates.ts';
import { complete } from './deciding.ts';
import { keepPayload, payloadOf, persistRecord } from './journal.ts';
import { learn, rank } from './locking.ts';
import { encodeHotstuff2Message, type Hotstuff2MessageOf } from './messages.ts';
import {
  isBarred,
  leaderAt,
  leaderOf,
  mayAnswer,
  mayVote,
  proposalAt,
  type Seen,
  type State,
  send,
  sendBytes,
  shareOf,
  signAt,
  signedWell,
  statementAt,
  strike,
} from './state.ts';
import { enterBy } from './views.ts';
import { compareSeen } from './witness.ts';

/** A leader proposes, in this view or in a later one that it proves. */
export function onPropose(state: State, from: number, message: Hotstuff2MessageOf<'propose'>): string | undefined {
  const { view, height, payload, signature, proof } = message;
  if (from !== leaderAt(state, view, height)) return 'not-leader';
  const digest = sha3_256(payload);
  if (complete(state, digest, payload)) return undefined;
  const seen: Seen = { view, digest, signature };
  if (view > state.view && (proof === null || !enterBy(state, proof, from) || view > state.view))
    return 'unproved-view';
  if (view < state.view) return 'stale-view';
  if (state.seen !== null) return secondProposal(state, from, seen, payload);
  if (!signedWell(state, proposalAt(state, height, seen))) {
    strike(state, from);
    return 'bad-signature';
  }
  if (state.rumour !== null) compareSeen(state, height, seen, from);
  if (!decodeBatch(payload).ok) return 'malformed-batch';
  state.seen = seen;
  keepPayload(state, digest, payload, false);
  return consider(state, from, digest, message.justify);
}

function secondProposal(state: State, from: number, shown: Seen, payload: Uint8Array): string | undefined {
  const { digest } = state.seen as Seen;
  if (!equalBytes(digest, shown.digest)) {
    strike(state, from);
    compareSeen(state, state.height, shown, from);
    return 'conflicting-proposal';
  }
  if (payloadOf(state, digest) === undefined) keepPayload(state, digest, payload, false);
  if (state.ownVote !== null && mayAnswer(state, from)) sendBytes(state, from, state.ownVote.bytes);
  return undefined;
}

/**
 * The safety rule: a replica votes iff the proposal is justified by a certificate at least as high as its lock. So
 * what may have been committed is voted down in no later view.
 */
function consider(
  state: State,
  from: number,
  digest: Uint8Array,
  justify: AggregateCertificate | null,
): string | undefined {
  if (justify !== null && (justify.view >= state.view || !learn(state, { digest, certificate: justify }, from))) {
    return 'bad-justification';
  }
  if (rank(justify) < rank(state.lock?.certificate ?? null)) return 'below-lock';
  castVote(state, 'prepare', digest);
  return undefined;
}

/** The leader shows the certificate of its proposal: lock on it and vote for it. */
export function onPrepare(state: State, from: number, message: Hotstuff2MessageOf<'prepare'>): string | undefined {
  const { height, digest, certificate, signature } = message;
  const { view } = certificate;
  if (from !== leaderAt(state, view, height)) return 'not-leader';
  if (!learn(state, { digest, certificate }, from)) return 'bad-certificate';
  if (view > state.view) enterBy(state, { phase: 'prepare', height, digest, certificate }, from);
  if (view !== state.view) return 'stale-view';
  const seen: Seen = { view, digest, signature };
  if (state.seen === null) {
    if (!signedWell(state, proposalAt(state, height, seen))) return 'bad-signature';
    if (state.rumour !== null) compareSeen(state, height, seen, from);
    state.seen = seen;
  } else compareSeen(state, height, seen, from);
  if (state.ownVote?.phase !== 'commit') castVote(state, 'commit', digest);
  else if (mayAnswer(state, from)) sendBytes(state, from, state.ownVote.bytes);
  return undefined;
}

/**
 * Votes in this view: once in each phase, and for one digest in both, or not at all. Durable before it leaves. The
 * leader counts its own.
 */
export function castVote(state: State, phase: 'prepare' | 'commit', digest: Uint8Array): void {
  const { view, height, voted, seen } = state;
  const bound = voted !== null && voted.view === view && !equalBytes(voted.digest, digest);
  if (!mayVote(state) || isBarred(state) || bound) return;
  const payload = payloadOf(state, digest);
  if (payload !== undefined) keepPayload(state, digest, payload, true);
  state.voted = { view, digest, proposal: seen !== null && equalBytes(seen.digest, digest) ? seen.signature : null };
  persistRecord(state);
  const share = shareOf(state, statementAt(state, phase, view, height, digest));
  const signature = signAt(state, phase, digest);
  if (leaderOf(state) === state.self) {
    (phase === 'prepare' ? state.votes : state.votes2).set(state.self, { digest, share, signature, verified: true });
    return;
  }
  const kind = phase === 'prepare' ? 'vote' : 'vote2';
  const vote = { kind, epoch: state.set.epoch, height, view, digest, share, signature } as const;
  state.ownVote = { phase, bytes: encodeHotstuff2Message(vote) };
  send(state, leaderOf(state), vote);
}
