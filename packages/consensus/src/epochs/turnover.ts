import { maxFaulty, type ReplicaSet } from '../quorum/replica-set.ts';
import { isEvidence, recordKey, surplusEvidence } from './journal.ts';
import { deliverMessage } from './receiving.ts';
import { closeRun, type EpochRun, eraseRun } from './run.ts';
import { type Change, hint, type State, stepEngine } from './state.ts';

/** The timer after which the epoch before is answered for no longer. */
export const LINGER = 'linger';

/** Begins an epoch, with the records it has from before a crash. */
export function openEpoch(state: State, set: ReplicaSet, baseHeight: number): void {
  const { deps, journal, executed, nowMs } = state;
  const at = set.replicas.findIndex(({ device }) => device === deps.device);
  const records = [...(journal.epochs.get(set.epoch) ?? [])].map(([key, value]) => ({ key, value }));
  const closed = journal.closed !== null && set.epoch <= journal.closed.epoch ? journal.closed : null;
  const engine = at < 0 || closed !== null ? null : deps.open({ set, self: at, baseHeight });
  const self = engine === null ? null : at;
  const run: EpochRun = {
    ...{ set, self, baseHeight, engine },
    ...{ keys: new Set(records.map(({ key }) => key)), timers: new Set() },
  };
  state.current = run;
  state.effects.push({ kind: 'epoch', set, self, baseHeight });
  const other = set.replicas.find(({ device }) => device !== deps.device);
  // The host lost blocks of an epoch whose votes are forgotten: others have them, and nothing is voted on again.
  if (closed !== null && other !== undefined) hint(state, other.device, closed.lastHeight);
  stepEngine(state, run, { kind: 'start', nowMs, records, executed });
  for (const request of state.own.forNextEpoch()) stepEngine(state, run, { kind: 'propose', nowMs, request });
  for (const { from, message } of state.early.take()) deliverMessage(state, run, from, message);
}

/** Goes over to the newest epoch whose height has come. */
export function turnOver(state: State): void {
  const { changes, current, executed } = state;
  const [first] = changes;
  if (current === null || first === undefined || !hasEnded(state, current, first)) return;
  const passed = changes.findLastIndex(({ lastHeight }) => lastHeight <= executed.height);
  const { next, lastHeight } = changes[passed] as Change;
  changes.splice(0, passed + 1);
  if (current.engine !== null && executed.height === first.lastHeight) linger(state, current, first.lastHeight);
  else closeEpoch(state, current, first.lastHeight);
  openEpoch(state, next, lastHeight);
  const [later] = changes;
  if (later === undefined || later.next.epoch !== next.epoch + 1) return;
  stepEngine(state, state.current as EpochRun, { kind: 'reconfigure', nowMs: state.nowMs, ...later });
}

/**
 * An epoch is over when its last height is executed and certified: its proof is then in the world. A jump beyond it
 * shows that this is so, and so do f + 1 replicas of the next epoch that are in it.
 */
function hasEnded({ executed, options, early }: State, { engine }: EpochRun, { next, lastHeight }: Change): boolean {
  if (executed.height !== lastHeight) return executed.height > lastHeight;
  if (engine === null || !options.awaitCheckpoint || engine.status.stableCheckpoint >= lastHeight) return true;
  const there = new Set(early.devices);
  return next.replicas.filter(({ device }) => there.has(device)).length > maxFaulty(next.replicas.length);
}

function linger(state: State, run: EpochRun, lastHeight: number): void {
  closePrevious(state);
  state.previous = { run, lastHeight };
  state.effects.push({ kind: 'setTimer', id: LINGER, delayMs: state.options.lingerMs });
}

/** The time of the epoch before is up. */
export function closePrevious(state: State): void {
  if (state.previous === null) return;
  closeEpoch(state, state.previous.run, state.previous.lastHeight);
  state.previous = null;
}

function closeEpoch(state: State, run: EpochRun, lastHeight: number): void {
  const { journal } = state;
  const { epoch } = run.set;
  if (epoch > (journal.closed?.epoch ?? -1)) state.journal = { ...journal, closed: { epoch, lastHeight } };
  state.effects.push(...closeRun(run, state.journal.closed ?? { epoch, lastHeight }));
}

/** At a start: evidence of past epochs is told again; what else is left of them goes. */
export function forgetPast(state: State): void {
  const { set, baseHeight } = state.deps.current;
  const evidence: string[] = [];
  for (const [epoch, records] of [...state.journal.epochs].sort(([a], [b]) => a - b)) {
    if (epoch >= set.epoch) continue;
    for (const [key, value] of records) {
      if (!isEvidence(key)) continue;
      evidence.push(recordKey(epoch, key));
      state.effects.push({ kind: 'evidence', evidence: value, epoch });
    }
    const place = { set: { ...set, epoch }, self: null, baseHeight: 0, engine: null };
    const run = { ...place, keys: new Set(records.keys()), timers: new Set<string>() };
    if (epoch === set.epoch - 1) closeEpoch(state, run, baseHeight);
    else state.effects.push(...eraseRun(run));
  }
  for (const key of surplusEvidence(evidence)) state.effects.push({ kind: 'persist', key, value: null, lazy: true });
}
