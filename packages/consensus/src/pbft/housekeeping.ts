import { fetchMissing, forwardAgain, resend, sendStatus } from './catch-up.ts';
import { askOthers } from './own-key.ts';
import { isOver, type State, send } from './state.ts';
import { hasWork, TICK, tickMs } from './timers.ts';

/** Ticks without a commit after which words are said again: a busy machine is no loss. */
const PATIENCE_TICKS = 2;

/** Every quarter of the progress timeout: budgets anew, and lost words said again where nothing moves. */
export function tick(state: State): void {
  state.ticks += 1;
  for (const peer of state.peers) {
    peer.answers = 0;
    peer.revivals = 0;
    peer.strikes = 0;
  }
  const still = state.committed === state.committedAtTick && (hasWork(state) || state.changing);
  state.stillTicks = still ? state.stillTicks + 1 : 0;
  const stalled = state.stillTicks >= PATIENCE_TICKS || state.lagging || state.behind !== null;
  state.committedAtTick = state.committed;
  if (stalled) {
    resend(state);
    fetchMissing(state);
  }
  if (!isOver(state)) forwardAgain(state);
  remindOfCheckpoint(state);
  askOthers(state);
  const statusTicks = Math.max(1, Math.round(state.options.statusIntervalMs / tickMs(state)));
  if (stalled || state.ticks % statusTicks === 0) sendStatus(state, stalled);
  if (state.ticks % statusTicks === 0) askAnother(state);
  state.lagging = false;
  state.effects.push({ kind: 'setTimer', id: TICK, delayMs: tickMs(state) });
}

/** Still behind: whoever was asked may be a liar or gone. */
function askAnother(state: State): void {
  if (state.behind === null) return;
  const next = (state.behind.from + 1) % state.n;
  state.behind = { ...state.behind, from: next === state.self ? (next + 1) % state.n : next };
  state.effects.push({ kind: 'behind', ...state.behind });
}

/** The own vote for a checkpoint that is not stable yet, again. */
function remindOfCheckpoint(state: State): void {
  for (const [height, vote] of state.checkpoints[state.self] as ReadonlyMap<
    number,
    { digest: Uint8Array; signature: Uint8Array }
  >) {
    const { digest, signature } = vote;
    if (height <= state.stable.height) continue;
    send(state, 'all', { kind: 'checkpoint', epoch: state.set.epoch, height, digest, signature });
  }
}
