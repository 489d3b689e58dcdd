import { checkTransition, type ReplicaEntry } from '@murmuration/consensus';
import { type DeviceId, equalBytes } from '@murmuration/core';
import { MAX_EPOCHS } from '../limits.ts';
import { isQuarantined } from '../quarantine/quarantine.ts';
import type { Turn } from '../turn.ts';
import { epochOf, pendingEpoch, setOf, votes } from './epochs.ts';
import { type EpochEntry, epochKey } from './schema.ts';

/** One replica more, less, or under another key. */
interface Step {
  readonly device: DeviceId;
  readonly apply: (replicas: readonly ReplicaEntry[]) => readonly ReplicaEntry[];
}

/**
 * After the commands of a block: where no change is under way and something is to change, the next epoch is decided.
 * It takes in what fits at once (`checkTransition`: at most f leave or change their key), quarantined replicas before
 * others; the rest waits for the epoch after.
 */
export function decideReplicas(turn: Turn): void {
  const { lookahead } = turn.chain.genesis;
  if (lookahead === undefined) return;
  forgetQuarantined(turn);
  if (pendingEpoch(turn.state, turn.height) !== undefined) return;
  const current = epochOf(turn.state, turn.height + 1);
  if (current.baseHeight === turn.height) seat(turn, current);
  const replicas = choose(turn, current, wantedSteps(turn, current));
  if (replicas === current.replicas) return;
  const lastHeight = turn.height + lookahead;
  const entry: EpochEntry = { epoch: current.epoch + 1, baseHeight: lastHeight, replicas };
  turn.state.epochs.set(epochKey(entry.epoch), entry);
  turn.state.epochs.delete(epochKey(entry.epoch - MAX_EPOCHS));
  for (const { device, change } of turn.state.seats.values()) {
    if (votes(entry, device) === (change === 'join')) turn.state.seats.delete(device);
  }
  const { epoch } = entry;
  turn.emit({ kind: 'replicas-changed', epoch, set: setOf(turn.chain.chainId, entry), lastHeight });
}

/** Who is quarantined while it waits to join must be asked for anew. */
function forgetQuarantined({ state }: Turn): void {
  for (const { device, change } of state.seats.values()) {
    if (change === 'join' && isQuarantined(state, device)) state.seats.delete(device);
  }
}

/** What is to change, the most urgent first. */
function wantedSteps(turn: Turn, { replicas }: EpochEntry): readonly Step[] {
  const { state } = turn;
  const seats = state.seats.values().filter(({ granted }) => granted);
  const removed = replicas.filter(({ device }) => isQuarantined(state, device));
  const leaving = seats.filter(({ change }) => change === 'leave');
  const rotated = replicas.flatMap(({ device, key }) => {
    const now = state.devices.get(device)?.key;
    return now === undefined || equalBytes(now, key) ? [] : [{ device, key: now }];
  });
  const joining = seats.flatMap(({ device, change }) => {
    const key = state.devices.get(device)?.key;
    return change === 'leave' || key === undefined ? [] : [{ device, key }];
  });
  return [...[...removed, ...leaving].map(leave), ...rotated.map(rotate), ...joining.map(join)];
}

function leave({ device }: { readonly device: DeviceId }): Step {
  return { device, apply: (replicas) => replicas.filter((one) => one.device !== device) };
}

function rotate(entry: ReplicaEntry): Step {
  return {
    device: entry.device,
    apply: (replicas) => replicas.map((one) => (one.device === entry.device ? entry : one)),
  };
}

function join(entry: ReplicaEntry): Step {
  return { device: entry.device, apply: (replicas) => [...replicas, entry] };
}

/** Takes each step that fits with those before it. Where too few would stay, one that joins may come with it. */
function choose(turn: Turn, current: EpochEntry, steps: readonly Step[]): readonly ReplicaEntry[] {
  const { chainId } = turn.chain;
  const fits = (replicas: readonly ReplicaEntry[]) => {
    const next = { ...current, epoch: current.epoch + 1, replicas };
    return checkTransition(setOf(chainId, current), setOf(chainId, next)).ok;
  };
  let chosen = current.replicas;
  const taken = new Set<Step>();
  const take = (...some: readonly Step[]): boolean => {
    const replicas = some.reduce((sofar, { apply }) => apply(sofar), chosen);
    if (!fits(replicas)) return false;
    chosen = replicas;
    for (const step of some) taken.add(step);
    return true;
  };
  for (const step of steps) {
    if (taken.has(step) || take(step)) continue;
    steps.some((other) => other !== step && !taken.has(other) && take(step, other));
  }
  return chosen;
}

/** The epoch has begun: what devices are is said anew. */
function seat(turn: Turn, entry: EpochEntry): void {
  for (const device of turn.state.devices.values()) {
    const role = votes(entry, device.device) ? 'replica' : 'member';
    if (device.role !== role) turn.state.devices.set(device.device, { ...device, role });
  }
}
