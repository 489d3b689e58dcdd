import { equalBytes, MurmurError } from '@murmuration/core';
import type { Executed } from '../engine.ts';
import { checkSigners, decodeCertificate, encodeCertificate } from '../quorum/certificate.ts';
import { type Signature, type SignedStatement, signStatement } from '../quorum/statement.ts';
import { release } from './delivery.ts';
import { eraseSlot, persistStable } from './journal.ts';
import type { MessageOf } from './messages.ts';
import { type HeldVote, type StableCheckpoint, type State, send, statementAt } from './state.ts';
import { certified } from './votes.ts';
import { accuse, accuseOf, checkSigned } from './witness.ts';

/** Checkpoint votes kept of one replica: those of its highest heights. */
const MAX_VOTES_KEPT = 4;

/** The host has applied a block. At every K-th the replica signs its state. One that an install covered is known. */
export function onExecuted(state: State, { height, stateDigest }: Executed): void {
  if (height <= state.executed) return;
  if (height !== state.executed + 1 || height > state.committed) {
    throw new MurmurError({
      code: 'CONSENSUS_EXECUTION_ORDER',
      message: `the host says it executed height ${height} after ${state.executed}, with ${state.committed} committed`,
      remedy: 'execute committed blocks one by one in height order, and report jumps as installed',
      facts: { height, executed: state.executed, committed: state.committed },
    });
  }
  noteExecuted(state, { height, stateDigest });
  stabilise(state);
}

/** The host's state is that of `height`: signed at every K-th height and at the last one of the epoch. */
export function noteExecuted(state: State, { height, stateDigest }: Executed): void {
  state.executed = height;
  state.executedDigest = stateDigest;
  if (isCheckpointHeight(state, height)) signCheckpoint(state, height, stateDigest);
}

export function isCheckpointHeight(state: State, height: number): boolean {
  return height % state.options.checkpointInterval === 0 || height === state.last;
}

/** Notes the own state at a checkpoint height and tells the others. */
export function signCheckpoint(state: State, height: number, digest: Uint8Array): void {
  state.ownStates.set(height, digest);
  for (const old of state.ownStates.keys()) {
    if (state.ownStates.size > MAX_VOTES_KEPT) state.ownStates.delete(old);
  }
  if (height <= state.stable.height) return;
  const statement = statementAt(state, { phase: 'checkpoint', view: 0, height, digest });
  const signature = signStatement(state.signer, state.set.chainId, statement);
  keep(state, state.self, height, { digest, signature, verified: true });
  send(state, 'all', { kind: 'checkpoint', epoch: state.set.epoch, height, digest, signature });
  tally(state, height, digest);
}

export function onCheckpoint(state: State, from: number, message: MessageOf<'checkpoint'>): string | undefined {
  const { epoch, height, digest, signature } = message;
  if (epoch !== state.set.epoch) return 'wrong-epoch';
  if (!isCheckpointHeight(state, height)) return 'no-checkpoint-height';
  return takeCheckpoint(
    state,
    { ...statementAt(state, { phase: 'checkpoint', view: 0, height, digest }), replica: from, signature },
    from,
  );
}

/** @param from who brought it: the signer itself, or a witness */
export function takeCheckpoint(state: State, signed: SignedStatement, from: number): string | undefined {
  const { replica, height, digest, signature } = signed;
  if (height < state.stable.height) return 'below-watermark';
  const held = state.checkpoints[replica]?.get(height);
  if (held !== undefined && equalBytes(held.digest, digest)) return 'duplicate-checkpoint';
  const own = state.ownStates.get(height);
  const odd = own !== undefined && !equalBytes(own, digest);
  const verified = held !== undefined || odd || replica !== from;
  if (verified && !checkSigned(state, signed, from)) return undefined;
  if (held !== undefined) {
    const known = { ...signed, digest: held.digest, signature: held.signature };
    held.verified ||= checkSigned(state, known, replica);
    if (held.verified) {
      accuse(state, known, signed);
      return 'conflicting-checkpoint';
    }
  }
  if (height === state.stable.height) return mismatch(state, signed, from, verified);
  keep(state, replica, height, { digest, signature, verified });
  if (odd && replica === from) send(state, 'all', { kind: 'witness', statements: [signed] });
  tally(state, height, digest);
  return undefined;
}

/** A state at the height of the stable checkpoint. Any other than the certified one convicts its signer. */
function mismatch(state: State, signed: SignedStatement, from: number, verified: boolean): string {
  const { digest: certified, certificate } = state.stable;
  if (equalBytes(signed.digest, certified)) return 'stale-checkpoint';
  if (!verified && !checkSigned(state, signed, from)) return 'wrong-state';
  accuseOf(state, { kind: 'state-mismatch', checkpoint: signed, certified, certificate });
  return 'wrong-state';
}

/** A checkpoint has become stable: whoever signed another state there is convicted by its certificate. */
function convictMismatches(state: State): void {
  const { height, digest: certified, certificate } = state.stable;
  for (const [replica, votes] of state.checkpoints.entries()) {
    const vote = votes.get(height);
    if (vote === undefined || equalBytes(vote.digest, certified)) continue;
    const statement = statementAt(state, { phase: 'checkpoint', view: 0, height, digest: vote.digest });
    const checkpoint = { replica, ...statement, signature: vote.signature };
    accuseOf(state, { kind: 'state-mismatch', checkpoint, certified, certificate });
  }
}

function keep(state: State, replica: number, height: number, vote: HeldVote): void {
  const votes = state.checkpoints[replica] as Map<number, HeldVote>;
  votes.set(height, vote);
  if (votes.size <= MAX_VOTES_KEPT) return;
  votes.delete(Math.min(...votes.keys()));
}

/** Q matching votes make a checkpoint stable. */
function tally(state: State, height: number, digest: Uint8Array): void {
  const matching = state.checkpoints.flatMap((votes, replica) => {
    const vote = votes.get(height);
    return vote !== undefined && equalBytes(vote.digest, digest) ? [{ replica, vote }] : [];
  });
  if (matching.length < state.q || height <= state.stable.height) return;
  const statement = statementAt(state, { phase: 'checkpoint', view: 0, height, digest });
  const signatures: Signature[] = [];
  for (const { replica, vote } of matching) {
    if (signatures.length === state.q) break;
    vote.verified ||= checkSigned(state, { ...statement, replica, signature: vote.signature }, replica);
    if (vote.verified) signatures.push({ replica, signature: vote.signature });
    else state.checkpoints[replica]?.delete(height);
  }
  if (signatures.length < state.q) return;
  const certificate = encodeCertificate({ epoch: state.set.epoch, view: 0, signatures });
  offerStable(
    state,
    { height, digest, certificate },
    signatures.find(({ replica }) => replica !== state.self)?.replica ?? state.self,
  );
}

/** A stable checkpoint that another replica shows. */
export function onStable(state: State, from: number, message: MessageOf<'stable'>): string | undefined {
  const { height, digest, certificate } = message;
  if (height <= (state.nextStable ?? state.stable).height) return 'stale-checkpoint';
  if (!isStable(state, message)) return 'bad-certificate';
  offerStable(state, { height, digest, certificate }, from);
  return undefined;
}

/** @returns whether Q replicas signed this state at this height: the correct ones do so at checkpoint heights only */
export function isStable(state: State, { height, digest, certificate }: StableCheckpoint): boolean {
  if (state.stable.height === height && equalBytes(state.stable.digest, digest)) return true;
  const decoded = decodeCertificate(certificate);
  if (!decoded.ok || decoded.value.epoch !== state.set.epoch || decoded.value.view !== 0) return false;
  const place = { phase: 'checkpoint', view: 0, height, digest } as const;
  return checkSigners(decoded.value.signatures, state.n, state.q, (signature) => certified(state, place, signature)).ok;
}

/** @param stable certified; becomes the watermark once the own state has reached it */
export function offerStable(state: State, stable: StableCheckpoint, from: number): void {
  if (stable.height <= (state.nextStable ?? state.stable).height) return;
  state.nextStable = stable;
  if (stable.height > state.committed) noteBehind(state, stable.height, from);
  stabilise(state);
}

export function noteBehind(state: State, height: number, from: number): void {
  if (height <= (state.behind?.height ?? state.committed)) return;
  state.behind = { height, from };
  state.effects.push({ kind: 'behind', height, from });
}

/** Raises the watermark to a certified checkpoint that the host has executed, and forgets what lies below. */
export function stabilise(state: State): void {
  const { nextStable } = state;
  if (nextStable === null || nextStable.height > state.executed) return;
  const own = state.ownStates.get(nextStable.height);
  state.nextStable = null;
  if (own !== undefined && !equalBytes(own, nextStable.digest)) {
    const { height, digest: certified } = nextStable;
    state.effects.push({ kind: 'diverged', height, ours: own, certified });
    return;
  }
  state.stable = nextStable;
  persistStable(state);
  convictMismatches(state);
  for (const [height, slot] of state.slots) {
    if (height > nextStable.height) continue;
    release(state, slot);
    eraseSlot(state, slot);
    state.slots.delete(height);
  }
  for (const votes of state.checkpoints) {
    for (const height of votes.keys()) if (height < nextStable.height) votes.delete(height);
  }
  const { height, digest: stateDigest, certificate } = nextStable;
  state.effects.push({ kind: 'stableCheckpoint', height, stateDigest, certificate });
}
