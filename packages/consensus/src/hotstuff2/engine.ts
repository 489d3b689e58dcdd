import { unreachable } from '@murmuration/core';
import type { Engine, EngineEffect, EngineEvent } from '../engine.ts';
import { checkChange } from '../loop/reconfiguration.ts';
import { refused, takeStep } from '../loop/shell.ts';
import { quorum, type ReplicaSet } from '../quorum/replica-set.ts';
import { sendStatus } from './catch-up.ts';
import { createState, type Hotstuff2Deps } from './create-state.ts';
import { decideAhead, openHeight } from './deciding.ts';
import type { Hotstuff2Options } from './options.ts';
import { askOthers, placeReached, speak } from './own-key.ts';
import { settleViews } from './pacemaker.ts';
import { lead } from './proposing.ts';
import { receive, replayLater } from './receiving.ts';
import { restore } from './restore.ts';
import { isLeaving, leaderOf, placeOf, type State, send } from './state.ts';
import { advance } from './tally.ts';
import { onTimer, settleTimers, startTick } from './timers.ts';

/**
 * HotStuff-2 (Malkhi and Nayak, eprint 2023/397) as a pure step, height by height, with certificates of one BLS
 * signature each. Safe with up to f = floor((n - 1) / 3) arbitrary replicas in an asynchronous network; live once
 * messages arrive within Δ. 5 (n - 1) messages a decision.
 * @throws CONSENSUS_REPLICA_SET, CONSENSUS_WRONG_SIGNER, CONSENSUS_BLS_KEYS, OPTION_UNKNOWN, OPTION_OUT_OF_RANGE,
 * CRYPTO_WRONG_LENGTH, CRYPTO_BAD_SCALAR
 */
export function createHotstuff2(deps: Hotstuff2Deps, options: Hotstuff2Options = {}): Engine {
  return createHotstuff2WithQuorum(deps, options, quorum(deps.replicaSet.replicas.length));
}

/**
 * For checkers: a quorum that is too small, which they must catch, and a state of their own, to look into and to copy.
 * Not exported by the package.
 */
export function createHotstuff2WithQuorum(
  deps: Hotstuff2Deps,
  options: Hotstuff2Options,
  q: number,
  state = createState(deps, options, q),
): Engine {
  return {
    step: (event) => step(state, event),
    get status() {
      const { view, height, pool } = state;
      const committed = { height: height - 1, stableCheckpoint: height - 1 };
      return { view, primary: leaderOf(state), ...committed, pending: pool.size, viewChanging: isLeaving(state) };
    },
  };
}

function step(state: State, event: EngineEvent): readonly EngineEffect[] {
  return takeStep(state, event, (taken: EngineEvent) => {
    take(state, taken);
    settle(state);
  });
}

function take(state: State, event: EngineEvent): void {
  switch (event.kind) {
    case 'start':
      restore(state, event.records, event.executed);
      state.bootedAt = placeReached(state);
      if (event.sure === true) speak(state);
      askOthers(state);
      sendStatus(state, 'all');
      startTick(state);
      break;
    case 'message': {
      const reason = receive(state, event.from, event.bytes);
      if (reason !== undefined) refused(state, reason, event.from);
      break;
    }
    case 'propose':
      submit(state, event.request);
      break;
    case 'timer':
      onTimer(state, event.id);
      break;
    case 'executed':
      state.executed = Math.max(state.executed, event.height);
      break;
    case 'installed':
      state.executed = Math.max(state.executed, event.height);
      if (event.height >= state.height) openHeight(state, event.height + 1);
      break;
    case 'reconfigure':
      reconfigure(state, event.next, event.lastHeight);
      break;
    default:
      unreachable(event);
  }
}

/** Follows up on what an event has changed. */
function settle(state: State): void {
  decideAhead(state);
  settleViews(state);
  lead(state);
  advance(state);
  while (state.place !== placeOf(state)) {
    state.place = placeOf(state);
    replayLater(state);
    decideAhead(state);
    settleViews(state);
    lead(state);
    advance(state);
  }
  settleTimers(state);
}

/** The state machine has decided where this epoch ends. */
function reconfigure(state: State, next: ReplicaSet, lastHeight: number): void {
  const { set, chainId, base, height, voted } = state;
  const highest = voted === null ? height - 1 : height;
  const last = Number.isFinite(state.lastHeight) ? state.lastHeight : null;
  checkChange({ set: { ...set, chainId }, base, last, highest }, next, lastHeight);
  state.lastHeight = lastHeight;
}

/** A request of the own host: into the pool, and to all, so that a dead leader is noticed by all. */
function submit(state: State, request: Uint8Array): void {
  const reason = state.pool.add(request, state.self, state.ticks);
  if (reason !== undefined) state.effects.push({ kind: 'refused', request, reason });
  else send(state, 'all', { kind: 'requests', again: false, requests: [request] });
}
