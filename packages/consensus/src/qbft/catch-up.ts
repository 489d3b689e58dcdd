import { sha3_256 } from '@murmuration/crypto';
import { refused } from '../loop/shell.ts';
import { checkSigners, decodeCertificate } from '../quorum/certificate.ts';
import { verifyStatement } from '../quorum/statement.ts';
import { decide, placeOf } from './deciding.ts';
import type { QbftMessageOf } from './messages.ts';
import { isOver, isProposer, type State, send, sendBytes, statementAt } from './state.ts';

/** Answers with decisions that one replica gets between two ticks. */
export const MAX_ANSWERS = 3;
/** Certificates of one replica that are checked between two ticks. */
export const MAX_PROOFS = 32;
/** Decisions in one answer. */
const MAX_DECIDED = 8;
/** Messages kept from one replica that is ahead, of twice a batch together. */
const MAX_LATER = 24;
/** Requests that are brought up again in one tick. */
const MAX_FORWARDED = 64;

/** Sends what a replica at `height` lacks, and the newest decision as proof of how far others are. */
export function offer(state: State, to: number, height: number): string | undefined {
  const peer = state.peers[to];
  if (peer === undefined || height >= state.height) return undefined;
  if (peer.answers >= MAX_ANSWERS) return 'asks-too-often';
  peer.answers += 1;
  let room = state.options.maxBatchBytes;
  const last = Math.min(state.height - 1, height + MAX_DECIDED - 1);
  for (let next = height; next <= last && room > 0; next++) room -= sendDecided(state, to, next);
  if (last < state.height - 1) sendDecided(state, to, state.height - 1);
  return undefined;
}

function sendDecided(state: State, to: number, height: number): number {
  const decided = state.decided.get(height);
  if (decided === undefined) return 0;
  send(state, to, { kind: 'decided', height, ...decided });
  return decided.payload.length;
}

/** A commit that was missed: the open height's decides it, one further away says that this replica is behind. */
export function onDecided(
  state: State,
  from: number,
  message: QbftMessageOf<'decided'>,
  bytes: Uint8Array,
): string | undefined {
  const { height, payload, certificate } = message;
  if (height < state.height) return 'already-committed';
  if (state.last !== null && height > state.last) return 'above-last-height';
  const near = height > state.height || state.executed < height - 1;
  if (near && height <= state.height + MAX_DECIDED) return keepLater(state, from, bytes);
  const peer = state.peers[from];
  if (peer === undefined || ++peer.proofs > MAX_PROOFS) return 'proves-too-often';
  if (!certifies(state, { height, digest: sha3_256(payload), certificate })) return 'bad-certificate';
  if (height === state.height) decide(state, payload, certificate);
  else state.effects.push({ kind: 'behind', height, from });
  return undefined;
}

/** The rule of `verifyQbftCommit`, with the signatures and the quorum at hand. */
export function certifies(
  state: State,
  {
    height,
    digest,
    certificate,
  }: { readonly height: number; readonly digest: Uint8Array; readonly certificate: Uint8Array },
): boolean {
  const decoded = decodeCertificate(certificate);
  if (!decoded.ok || decoded.value.epoch !== state.set.epoch) return false;
  const { view: round, signatures } = decoded.value;
  const { set, verify, n, q } = state;
  const statement = statementAt(state, { height, round }, 'commit', digest);
  return checkSigners(signatures, n, q, ({ replica, signature }) =>
    verifyStatement(verify, set.chainId, statement, signature, set.replicas[replica]?.key as Uint8Array),
  ).ok;
}

/** What comes before its height is open: kept, with a bound for each replica. */
export function keepLater(state: State, from: number, bytes: Uint8Array): string | undefined {
  const kept = state.later.get(from) ?? [];
  const held = kept.reduce((sum, one) => sum + one.length, bytes.length);
  if (kept.length >= MAX_LATER || held > 2 * state.options.maxBatchBytes + 64 * 1024) return 'later-full';
  kept.push(Uint8Array.from(bytes));
  state.later.set(from, kept);
  return undefined;
}

/** Asks one replica, another one each time, for what may have been missed. */
export function askAnother(state: State): void {
  if (state.n === 1 || isOver(state)) return;
  const to = (state.self + 1 + (state.ticks % (state.n - 1))) % state.n;
  send(state, to, { kind: 'fetch', height: state.height });
}

/** Says the own last words again: lost messages must not stall anybody. */
export function resend(state: State): void {
  const { vote, ownRoundChange, ownProposal } = state;
  if (vote === null) {
    if (ownRoundChange !== null) sendBytes(state, 'all', ownRoundChange);
    return;
  }
  if (isProposer(state) && ownProposal !== null) sendBytes(state, 'all', ownProposal);
  const { digest, prepare, commit } = vote;
  send(state, 'all', { kind: 'prepare', ...placeOf(state), digest, signature: prepare });
  if (commit !== null) send(state, 'all', { kind: 'commit', ...placeOf(state), digest, signature: commit });
}

/** Requests that have waited for a while go to all again. */
export function forwardAgain(state: State): void {
  const due = state.pool.remind(state.ticks, MAX_FORWARDED, state.options.maxBatchBytes);
  const requests = due.map(({ bytes }) => bytes);
  if (requests.length > 0) send(state, 'all', { kind: 'requests', again: true, requests });
}

/** Committed requests that one replica may have ordered again between two ticks. */
const MAX_REVIVALS = 8;

/** Requests that another replica brings, for the first time or `again`. */
export function onRequests(state: State, from: number, { requests, again }: QbftMessageOf<'requests'>): undefined {
  const peer = state.peers[from] as { revivals: number };
  for (const request of requests) {
    const reason = state.pool.add(request, from, state.ticks);
    if (reason === undefined || reason === 'already-pending') continue;
    // It waits for something that it does not remember, after a restart. Ordered once more, it waits no longer.
    const forgotten = reason === 'already-committed' && again && peer.revivals < MAX_REVIVALS;
    if (!forgotten || !isProposer(state)) refused(state, reason, from);
    else if (state.pool.add(request, from, state.ticks, true) === undefined) peer.revivals += 1;
  }
}
