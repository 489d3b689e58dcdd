import { equalBytes } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { refused } from '../loop/shell.ts';
import { encodeBatch } from '../quorum/batch.ts';
import { castPrepare, clearRound, names, placeOf, readBatch } from './deciding.ts';
import { persistOwn } from './journal.ts';
import { highestPrepared, isZero, justify, soundRoundChanges, watchRoundChange } from './justification.ts';
import { checkLocks } from './locks.ts';
import { claimDigest, encodeQbftMessage, type QbftMessageOf, type QuotedRoundChange } from './messages.ts';
import {
  checkSigned,
  currentRound,
  isOpen,
  isProposer,
  misplaced,
  proposerOf,
  ROUNDS_AROUND,
  type State,
  sendBytes,
  signHere,
  statementAt,
} from './state.ts';
import { takeProposal } from './votes.ts';

/** Turns to a later round and says what is prepared: durable before it is sent. */
export function enterRound(state: State, round: number): void {
  clearRound(state, round);
  const rounds = state.log.get(state.height);
  for (const old of rounds?.keys() ?? []) if (old < round - ROUNDS_AROUND) rounds?.delete(old);
  const { prepared, self } = state;
  const claim = { preparedRound: prepared?.round ?? 0, preparedDigest: prepared?.digest ?? new Uint8Array(32) };
  const signature = signHere(state, 'round-change', claimDigest(claim));
  const prepares = prepared?.signatures ?? [];
  const payload = prepared?.payload ?? new Uint8Array(0);
  const bytes = encodeQbftMessage({ kind: 'round-change', ...placeOf(state), ...claim, signature, prepares, payload });
  state.ownRoundChange = bytes;
  state.roundChanges[self] = { round, ...claim, signature, prepares, payload, sound: true };
  persistOwn(state);
  sendBytes(state, 'all', bytes);
}

/** A replica has left the rounds below. Its proof is looked into by who is to propose. */
export function onRoundChange(state: State, from: number, message: QbftMessageOf<'round-change'>): string | undefined {
  const { round, preparedRound, preparedDigest, signature, prepares, payload } = message;
  if (round < state.round) return 'stale-round';
  const held = state.roundChanges[from];
  if (held !== undefined && held.round > round) return 'stale-round';
  if (preparedRound >= round) return 'malformed-round-change';
  const proved = preparedRound > 0 ? names(preparedDigest, payload) : isZero(preparedDigest) && payload.length === 0;
  if (!proved) return 'malformed-round-change';
  const quoted: QuotedRoundChange = { replica: from, preparedRound, preparedDigest, signature };
  if (held?.round === round && equalBytes(held.signature, signature)) return undefined;
  const statement = statementAt(state, { height: state.height, round }, 'round-change', claimDigest(quoted));
  if (!checkSigned(state, { replica: from, ...statement, signature }, from)) return 'bad-signature';
  checkLocks(state, round, quoted);
  if (held?.round === round) {
    watchRoundChange(state, round, quoted);
    return 'duplicate-round-change';
  }
  state.roundChanges[from] = {
    ...{ round, preparedRound, preparedDigest, signature, prepares },
    ...{ payload, sound: null },
  };
  return undefined;
}

/**
 * f + 1 replicas are in later rounds: one of them is correct, and this one is late. Of the f + 1 furthest it joins the
 * last, which is the lowest round of one set of f + 1 as the paper has it, and of all such sets the one that is ahead.
 */
export function roundToJoin(state: State): number | undefined {
  if (!isOpen(state)) return undefined;
  const ahead = state.roundChanges
    .map((held) => held?.round ?? 0)
    .filter((round) => round > state.round)
    .sort((a, b) => b - a);
  return ahead[state.f];
}

/** Q replicas, this one included, have come as far as this round. */
export function isShared(state: State): boolean {
  let count = 0;
  for (const held of state.roundChanges) if ((held?.round ?? 0) >= state.round) count += 1;
  return count >= state.q;
}

/** Proposes where the own turn has come: at once in the first round, else by a quorum's round-changes. */
export function lead(state: State): void {
  if (!isOpen(state) || !isProposer(state) || state.vote !== null || currentRound(state).proposal !== null) return;
  if (state.round === 1) {
    if (state.pool.waiting > 0 || state.last !== null) propose(state, ownBatch(state), [], []);
    return;
  }
  const sound = soundRoundChanges(state);
  if (sound.length < state.q) return;
  const chosen = sound.slice(0, state.q);
  const quoted = chosen.map(({ replica, preparedRound, preparedDigest, signature }) => {
    return { replica, preparedRound, preparedDigest, signature };
  });
  const highest = highestPrepared(chosen);
  propose(state, highest?.payload ?? ownBatch(state), quoted, highest?.prepares ?? []);
}

function ownBatch(state: State): Uint8Array {
  return encodeBatch({ timeMs: state.nowMs, requests: state.pool.take() });
}

function propose(
  state: State,
  payload: Uint8Array,
  roundChanges: readonly QuotedRoundChange[],
  prepares: QbftMessageOf<'proposal'>['prepares'],
): void {
  const round = currentRound(state);
  const digest = sha3_256(payload);
  const signature = signHere(state, 'pre-prepare', digest);
  round.proposal = { digest, signature };
  round.payload = payload;
  castPrepare(state);
  const message = { kind: 'proposal', ...placeOf(state), payload, signature, roundChanges, prepares } as const;
  state.ownProposal = encodeQbftMessage(message);
  sendBytes(state, 'all', state.ownProposal);
  sendOwnPrepare(state);
}

/** The proposer prepares like everybody else. */
function sendOwnPrepare(state: State): void {
  if (state.vote === null) return;
  const { digest, prepare: signature } = state.vote;
  sendBytes(state, 'all', encodeQbftMessage({ kind: 'prepare', ...placeOf(state), digest, signature }));
}

/** A proposal for this height: of this round, or of a later one that it justifies. */
export function onProposal(state: State, from: number, message: QbftMessageOf<'proposal'>): string | undefined {
  const { height, round, payload, signature } = message;
  if (from !== proposerOf(state, height, round)) return 'not-proposer';
  const digest = sha3_256(payload);
  const signed = { replica: from, ...statementAt(state, message, 'pre-prepare', digest), signature };
  if (!checkSigned(state, signed, from)) return 'bad-signature';
  const reason = misplaced(state, height, round);
  if (reason === undefined) {
    const conflict = takeProposal(state, signed);
    if (conflict !== undefined) return conflict;
  } else if (reason !== 'future-round') return reason;
  if (height < state.height || round < state.round) return 'stale-round';
  const justified = justify(state, message, digest);
  if (typeof justified === 'string') return justified;
  const batch = readBatch(state, payload);
  if (batch === undefined) return 'bad-batch';
  const early = Math.abs(batch.timeMs - state.nowMs) > state.options.maxClockSkewMs;
  if (early && !justified.bound) return 'wrong-time';
  if (!isOpen(state)) return 'not-voting';
  if (round > state.round) enterRound(state, round);
  const conflict = reason === undefined ? undefined : takeProposal(state, signed);
  if (conflict !== undefined) return conflict;
  currentRound(state).payload ??= payload;
  for (const request of batch.requests) state.pool.add(request, from, state.ticks);
  return undefined;
}

/** Nothing came of this round. */
export function leaveRound(state: State): void {
  state.abandon = false;
  if (state.round >= Number.MAX_SAFE_INTEGER - ROUNDS_AROUND) refused(state, 'rounds-exhausted');
  else enterRound(state, state.round + 1);
}
