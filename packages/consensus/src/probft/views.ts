import { compareBytes, decodeCanonical, encode, equalBytes, toHex } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { refused } from '../loop/shell.ts';
import { decodeBatch, encodeBatch } from '../quorum/batch.ts';
import { checkSampledVotes } from './certificates.ts';
import { clearView } from './deciding.ts';
import {
  encodeProbftMessage,
  type Justification,
  type NewLeaderBody,
  newLeaderBodySchema,
  type ProbftMessageOf,
} from './messages.ts';
import { isLeader, leaderOf, maySign, persistRecord, type State, send, signAt, signedBy } from './state.ts';
import { acceptProposal, noteLeaderSigned } from './voting.ts';

/** A view further away than this is nobody's who counts views by timeouts. */
const MAX_VIEWS_AHEAD = 64;

/** The own word on entering a view is what the new leader chooses by: durable before it is sent. */
export function enterView(state: State, view: number): void {
  clearView(state);
  state.view = view;
  if (!maySign(state)) return;
  const { prepared, set, height } = state;
  const body: NewLeaderBody = {
    view,
    preparedView: prepared?.view ?? 0,
    preparedDigest: prepared?.digest ?? new Uint8Array(32),
    leaderSignature: prepared?.leaderSignature ?? new Uint8Array(64),
    votes: prepared?.votes ?? [],
  };
  const bodyBytes = encode(newLeaderBodySchema, body);
  const signature = signAt(state, 'view-change', view, sha3_256(bodyBytes));
  const payload = prepared?.payload ?? new Uint8Array(0);
  const message = { kind: 'new-leader', epoch: set.epoch, height, body: bodyBytes, signature, payload } as const;
  state.ownNewLeader = encodeProbftMessage(message);
  persistRecord(state);
  state.effects.push({ kind: 'send', to: 'all', bytes: state.ownNewLeader });
  state.newLeaders.set(state.self, { body, bodyBytes, signature, payload });
}

/** A replica has entered a view of this height. */
export function onNewLeader(state: State, from: number, message: ProbftMessageOf<'new-leader'>): string | undefined {
  const decoded = decodeCanonical(newLeaderBodySchema, message.body);
  if (!decoded.ok) return decoded.reason;
  const body = decoded.value;
  if (body.view < state.view) return 'stale-view';
  if (body.view > state.view + MAX_VIEWS_AHEAD) return 'too-far-ahead';
  if ((state.newLeaders.get(from)?.body.view ?? 0) >= body.view) return 'duplicate-new-leader';
  if (!signedBy(state, from, 'view-change', body.view, sha3_256(message.body), message.signature))
    return 'bad-signature';
  if (body.preparedView > 0 && !equalBytes(sha3_256(message.payload), body.preparedDigest)) return 'missing-payload';
  // Only who is to lead by it looks into the certificate.
  if (leaderOf(state, state.height, body.view) === state.self) {
    const wrong = wrongBody(state, from, body);
    if (wrong !== undefined) return wrong;
  }
  const { body: bodyBytes, signature, payload } = message;
  state.newLeaders.set(from, { body, bodyBytes, signature, payload });
  join(state);
  return undefined;
}

/** f + 1 replicas in later views: one of them is correct, and this one is late. */
function join(state: State): void {
  const ahead = [...state.newLeaders.values()].map(({ body }) => body.view).filter((view) => view > state.view);
  if (ahead.length > state.f) enterView(state, Math.min(...ahead));
}

/** @returns what no correct replica signs, if so */
function wrongBody(state: State, replica: number, body: NewLeaderBody): string | undefined {
  const { preparedView: view, preparedDigest: digest, leaderSignature, votes } = body;
  if (view === 0) return votes.length === 0 ? undefined : 'malformed-new-leader';
  if (view >= body.view) return 'malformed-new-leader';
  const leader = leaderOf(state, state.height, view);
  if (!signedBy(state, leader, 'pre-prepare', view, digest, leaderSignature)) return 'bad-leader-signature';
  const { set, sizes, holds, height, verify } = state;
  const claim = { phase: 'prepare', view, height, digest, receiver: replica } as const;
  const checked = checkSampledVotes(set, sizes, holds, claim, votes, verify);
  return checked.ok ? undefined : checked.reason;
}

/** Proposes where the own turn has come: at once in the first view, else by a deterministic quorum's new-leaders. */
export function lead(state: State): void {
  if (!isLeader(state) || !maySign(state) || state.voted !== null || state.contested) return;
  if (state.view === 1) {
    if (state.waiting.size > 0) propose(state, ownBatch(state), []);
    return;
  }
  const heard = [...state.newLeaders].filter(([, { body }]) => body.view === state.view).sort(([a], [b]) => a - b);
  if (heard.length < state.quorum) return;
  const chosen = heard.slice(0, state.quorum);
  const justification = chosen.map(([replica, { bodyBytes, signature }]) => ({ replica, body: bodyBytes, signature }));
  const digest = choose(chosen.map(([, { body }]) => body));
  const prepared = chosen.find(([, { body }]) => digest !== null && equalBytes(body.preparedDigest, digest));
  propose(state, prepared === undefined ? ownBatch(state) : prepared[1].payload, justification);
}

/**
 * The value a new leader is bound to: of those prepared in the highest view, the one that most replicas name, the
 * lowest digest where they are even; null where none is prepared.
 */
export function choose(bodies: readonly Pick<NewLeaderBody, 'preparedView' | 'preparedDigest'>[]): Uint8Array | null {
  const highest = Math.max(0, ...bodies.map(({ preparedView }) => preparedView));
  if (highest === 0) return null;
  const counts = new Map<string, { digest: Uint8Array; count: number }>();
  for (const { preparedView, preparedDigest: digest } of bodies) {
    if (preparedView !== highest) continue;
    const counted = counts.get(toHex(digest)) ?? { digest, count: 0 };
    counts.set(toHex(digest), { digest, count: counted.count + 1 });
  }
  const [best] = [...counts.values()].sort((a, b) => b.count - a.count || compareBytes(a.digest, b.digest));
  return best?.digest ?? null;
}

function ownBatch(state: State): Uint8Array {
  return encodeBatch({ timeMs: state.nowMs, requests: state.waiting.takeBatch() });
}

function propose(state: State, payload: Uint8Array, justification: readonly Justification[]): void {
  const digest = sha3_256(payload);
  const { set, height, view } = state;
  const signature = signAt(state, 'pre-prepare', view, digest);
  state.voted = digest;
  state.leaderSigned = { digest, signature };
  persistRecord(state);
  send(state, 'all', { kind: 'propose', epoch: set.epoch, height, view, payload, signature, justification });
  acceptProposal(state, payload);
}

/** A proposal for this height, of this view or a later one that it justifies. */
export function onPropose(state: State, from: number, message: ProbftMessageOf<'propose'>): string | undefined {
  const { view, payload, signature, justification } = message;
  if (from !== leaderOf(state, state.height, view)) return 'not-leader';
  const digest = sha3_256(payload);
  if (!signedBy(state, from, 'pre-prepare', view, digest, signature)) return 'bad-signature';
  if (!decodeBatch(payload).ok) return 'malformed-batch';
  const wrong = unjustified(state, view, digest, justification);
  if (wrong !== undefined) return wrong;
  if (view > state.view) enterView(state, view);
  const note = noteLeaderSigned(state, digest, signature);
  if (note !== undefined) return note;
  if (state.contested) return 'equivocating-leader';
  if (state.payload !== null) return 'duplicate-proposal';
  if (state.voted !== null && !equalBytes(state.voted, digest)) return 'conflicting-proposal';
  acceptProposal(state, payload);
  return undefined;
}

/** Recomputes what the leader was bound to. */
function unjustified(
  state: State,
  view: number,
  digest: Uint8Array,
  justification: readonly Justification[],
): string | undefined {
  if (view === 1) return justification.length === 0 ? undefined : 'unjustified-proposal';
  if (justification.length < state.quorum) return 'unjustified-proposal';
  const bodies: NewLeaderBody[] = [];
  let previous = -1;
  for (const { replica, body: bytes, signature } of justification) {
    const decoded = decodeCanonical(newLeaderBodySchema, bytes);
    if (!decoded.ok || decoded.value.view !== view || replica <= previous) return 'unjustified-proposal';
    previous = replica;
    if (!signedBy(state, replica, 'view-change', view, sha3_256(bytes), signature)) return 'unjustified-proposal';
    bodies.push(decoded.value);
  }
  for (const [i, body] of bodies.entries()) {
    if (wrongBody(state, (justification[i] as Justification).replica, body) !== undefined)
      return 'unjustified-proposal';
  }
  const bound = choose(bodies);
  return bound === null || equalBytes(bound, digest) ? undefined : 'unbound-proposal';
}

/** Nothing came of this view. */
export function onTimeout(state: State): void {
  if (state.view >= Number.MAX_SAFE_INTEGER - 1) refused(state, 'views-exhausted');
  else enterView(state, state.view + 1);
}
