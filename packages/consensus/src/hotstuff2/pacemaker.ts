import { offerBlocks, wantBlocks } from './catch-up.ts';
import { payloadOf } from './journal.ts';
import { learn } from './locking.ts';
import type { Hotstuff2MessageOf } from './messages.ts';
import { combine } from './shares.ts';
import { leaderOf, type State, send, shareOf, statementAt } from './state.ts';
import { enter, enterBy, showView } from './views.ts';
import { compareSeen } from './witness.ts';

const NO_DIGEST = new Uint8Array(32);

function wish(state: State, view: number) {
  return statementAt(state, 'view-change', view, 0, NO_DIGEST);
}

function wishOf(state: State, replica: number): number {
  return state.wishes.get(replica)?.view ?? -1;
}

/** Gives up a view: nothing moves in it. What is voted there still counts. */
export function giveUp(state: State, view: number): void {
  if (wishOf(state, state.self) >= view) return;
  state.wishes.set(state.self, { view, share: shareOf(state, wish(state, view)), verified: true });
  sendTimeout(state);
}

export function sendTimeout(state: State): void {
  const own = state.wishes.get(state.self);
  if (own === undefined) return;
  const { height, seen, set } = state;
  send(state, 'all', { kind: 'timeout', epoch: set.epoch, height, view: own.view, share: own.share, seen });
}

export function onTimeout(state: State, from: number, message: Hotstuff2MessageOf<'timeout'>): string | undefined {
  const { epoch, height, view, share, seen } = message;
  if (epoch !== state.set.epoch) return 'wrong-epoch';
  if (seen !== null) compareSeen(state, height, seen, from);
  if (height < state.height) offerBlocks(state, from, height);
  else if (height > state.height) wantBlocks(state, from);
  if (view < state.view) {
    showView(state, from);
    return 'stale-view';
  }
  if (wishOf(state, from) < view) state.wishes.set(from, { view, share, verified: false });
  return undefined;
}

/**
 * View synchronisation: f + 1 replicas that gave up a view take this one along, since a correct one is among them; Q
 * that gave up the same are a certificate, which takes along whoever sees it.
 */
export function settleViews(state: State): void {
  if (state.abandon) giveUp(state, state.view);
  const views = [...state.wishes.values()].map(({ view }) => view).sort((a, b) => b - a);
  const joined = views[state.f];
  if (joined !== undefined && joined >= state.view) giveUp(state, joined);
  for (const view of new Set([...state.wishes.values()].map((one) => one.view).sort((a, b) => b - a))) {
    if (view < state.view) return;
    const certificate = combine(state, wish(state, view), state.wishes, (one) => one.view === view);
    if (certificate === undefined) continue;
    state.failedViews += 1;
    enter(state, view + 1, { phase: 'view-change', height: 0, digest: NO_DIGEST, certificate });
    return;
  }
}

/** A replica is in the view that this one leads, and tells what it is locked on. */
export function onNewView(state: State, from: number, message: Hotstuff2MessageOf<'new-view'>): string | undefined {
  const { epoch, height, view, proof, lock } = message;
  if (epoch !== state.set.epoch) return 'wrong-epoch';
  if (height < state.height) offerBlocks(state, from, height);
  else if (height > state.height) wantBlocks(state, from);
  if (view > state.view && (proof === null || !enterBy(state, proof, from))) return 'unproved-view';
  if (view < state.view) {
    showView(state, from);
    return 'stale-view';
  }
  if (view > state.view) return 'unproved-view';
  if (height !== state.height || leaderOf(state) !== state.self) return undefined;
  if (lock !== null) {
    const higher = lock.certificate.view > (state.lock?.certificate.view ?? -1);
    if (lock.certificate.view >= view || (higher && !learn(state, lock, from))) return 'bad-certificate';
    if (payloadOf(state, lock.digest) === undefined && state.lock === lock) {
      send(state, from, { kind: 'fetch-payload', height, digest: lock.digest });
    }
  }
  state.heard.add(from);
  return undefined;
}
