import { decodeCanonical, equalBytes } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { isAnswered } from '../loop/recall.ts';
import { refused } from '../loop/shell.ts';
import type { SignedStatement, Statement } from '../quorum/statement.ts';
import { certifiesDigest } from './certificates.ts';
import {
  certificateSchema,
  decodeProbftMessage,
  MAX_CERTIFICATE_BYTES,
  type ProbftMessage,
  type ProbftMessageOf,
  type RecalledWord,
} from './messages.ts';
import { leaderOf, type State, send, signedWord } from './state.ts';

const NOTHING: Uint8Array = new Uint8Array(0);

/** Asks what is held of the own key, until enough have said: see `Recall`. */
export function askOthers(state: State): void {
  if (isAnswered({ recall: state.recall, q: state.quorum })) state.recall.voice = 'free';
  else if (state.recall.voice === 'asking') send(state, 'all', { kind: 'recall' });
}

const RECALLS_PER_TIMEOUT = 4;

/** After which it asks again; others answer it twice as often and no more. */
export function recallMs({ options }: State): number {
  return Math.ceil(options.viewTimeoutMs / RECALLS_PER_TIMEOUT);
}

/** A replica that has just booted asks what is held of it: its last words, and how far the chain is. */
export function onRecall(state: State, from: number): string | undefined {
  const { nowMs, toldAtMs } = state;
  if (Math.abs(nowMs - (toldAtMs.get(from) ?? Number.NEGATIVE_INFINITY)) < recallMs(state) / 2) return 'asks-too-often';
  toldAtMs.set(from, nowMs);
  const words = [...openWords(state, from), ...earlyWords(state, from)].slice(0, MAX_WORDS);
  const { height } = state;
  const decided = state.decided.get(height - 1);
  if (decided !== undefined) words.push(...decidedWords(state, from, height - 1, decided));
  const newest =
    decided === undefined
      ? null
      : { height: height - 1, digest: sha3_256(decided.payload), certificate: decided.certificate };
  send(state, from, { kind: 'recalled', newest, words: words.filter((word) => signedWord(state, word)) });
  return undefined;
}

/** Of one replica: a proposal, two votes and a new-leader at the open height, and what came early. */
const MAX_WORDS = 24;

function openWords(state: State, replica: number): RecalledWord[] {
  const { set, height, view, prepares, commits, leaderSigned, newLeaders } = state;
  const { epoch } = set;
  const words: RecalledWord[] = [];
  const say = (
    phase: Statement['phase'],
    at: number,
    digest: Uint8Array,
    signature: Uint8Array,
    attached = NOTHING,
  ) => {
    words.push({ statement: { replica, epoch, phase, view: at, height, digest, signature }, attached });
  };
  if (leaderSigned !== null && leaderOf(state, height, view) === replica) {
    say('pre-prepare', view, leaderSigned.digest, leaderSigned.signature);
  }
  for (const [votes, phase] of [
    [prepares, 'prepare'],
    [commits, 'commit'],
  ] as const) {
    const vote = votes.get(replica);
    if (vote !== undefined) say(phase, view, vote.digest, vote.signature, vote.proof);
  }
  const left = newLeaders.get(replica);
  if (left !== undefined) say('view-change', left.body.view, sha3_256(left.bodyBytes), left.signature);
  return words;
}

/** A commit that is part of the certificate of a decision. */
function decidedWords(
  state: State,
  replica: number,
  height: number,
  decided: { readonly payload: Uint8Array; readonly certificate: Uint8Array },
): RecalledWord[] {
  const decoded = decodeCanonical(certificateSchema, decided.certificate, { maxBytes: MAX_CERTIFICATE_BYTES });
  const vote = decoded.ok ? decoded.value.votes.find((one) => one.replica === replica) : undefined;
  if (!decoded.ok || vote === undefined) return [];
  const { epoch } = state.set;
  const { view } = decoded.value;
  const { signature, proof: attached } = vote;
  const digest = sha3_256(decided.payload);
  return [{ statement: { replica, epoch, phase: 'commit', view, height, digest, signature }, attached }];
}

/** What it said of heights and views that are not open here yet. */
function earlyWords(state: State, replica: number): RecalledWord[] {
  return (state.later.get(replica) ?? []).flatMap((bytes) => {
    const decoded = decodeProbftMessage(bytes);
    return decoded.ok ? wordOf(replica, decoded.value) : [];
  });
}

function wordOf(replica: number, message: ProbftMessage): RecalledWord[] {
  if (message.kind !== 'propose' && message.kind !== 'prepare' && message.kind !== 'commit') return [];
  const { epoch, view, height, signature } = message;
  const [phase, digest, attached] =
    message.kind === 'propose'
      ? (['pre-prepare', sha3_256(message.payload), NOTHING] as const)
      : ([message.kind, message.digest, message.proof] as const);
  return [{ statement: { replica, epoch, phase, view, height, digest, signature }, attached }];
}

/** What another replica holds of the own key. Nothing is signed at heights that are proved to be decided. */
export function onRecalled(state: State, from: number, message: ProbftMessageOf<'recalled'>): string | undefined {
  const { newest, words } = message;
  if (state.recall.answered.has(from)) return 'unasked-recall';
  for (const { statement } of words) {
    if (statement.replica !== state.self || statement.epoch !== state.set.epoch) return 'no-recall';
  }
  const unknown = words.filter(({ statement }) => !isOwn(state, statement));
  if (!unknown.every((word) => signedWord(state, word))) return 'bad-signature';
  const further = newest !== null && newest.height >= Math.max(state.floor, state.height);
  if (further && state.recall.voice === 'asking') {
    const { set, sizes, holds, verify } = state;
    if (!certifiesDigest(set, sizes, holds, newest, verify).ok) return 'bad-certificate';
    state.floor = newest.height + 1;
    send(state, from, { kind: 'fetch', height: state.height });
  }
  for (const { statement } of unknown) fallSilent(state, statement);
  state.recall.answered.add(from);
  if (isAnswered({ recall: state.recall, q: state.quorum })) state.recall.voice = 'free';
  return undefined;
}

/**
 * Whether this process may have signed it, as far as its journal reaches: whatever it signed is in its last record or
 * at an earlier place.
 */
export function isOwn({ said }: State, { phase, view, height, digest }: Omit<SignedStatement, 'signature'>): boolean {
  if (said === null || height > said.height) return false;
  if (height < said.height || view < said.view) return true;
  if (view > said.view) return false;
  if (phase === 'view-change') {
    const message = decodeProbftMessage(said.newLeader);
    return message.ok && message.value.kind === 'new-leader' && equalBytes(sha3_256(message.value.body), digest);
  }
  return said.voted !== null && equalBytes(said.voted, digest) && (phase !== 'commit' || said.prepared?.view === view);
}

/** The own key has signed what this process did not: a second one runs, or this one started from an old disk. */
export function fallSilent(state: State, { phase, view, height, digest }: Omit<Statement, 'epoch'>): void {
  refused(state, 'own-key-elsewhere', state.self);
  const { recall, said } = state;
  if (recall.voice === 'silenced') return;
  recall.voice = 'silenced';
  const voted = said?.height === height && said.view === view ? said.voted : null;
  const conflicting = voted !== null && phase !== 'view-change' && !equalBytes(voted, digest);
  state.effects.push({ kind: 'duplicated', phase, view, height, conflicting });
}
