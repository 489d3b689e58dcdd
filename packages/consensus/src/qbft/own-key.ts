import { sha3_256 } from '@murmuration/crypto';
import { isAnswered } from '../loop/recall.ts';
import { type SignedStatement, verifySigned } from '../quorum/statement.ts';
import { certifies, MAX_ANSWERS, MAX_PROOFS, resend } from './catch-up.ts';
import { claimDigest, decodeQbftMessage, type QbftMessage, type QbftMessageOf } from './messages.ts';
import { type Budget, checkSigned, isOpen, type Round, type State, send, statementAt } from './state.ts';
import { ensureVerified, fallSilent, heldOf, isOwn } from './witness.ts';

/** Asks what is held of the own key, until enough have said: see `Recall`. */
export function askOthers(state: State): void {
  if (isAnswered(state)) speak(state);
  else if (state.recall.voice === 'asking') send(state, 'all', { kind: 'recall' });
}

/** From now on it signs; what came meanwhile is heard again. */
export function speak(state: State): void {
  state.recall.voice = 'free';
  if (isOpen(state)) resend(state);
}

/** A replica that has just booted asks what is held of it: its last words at each height, and how far the chain is. */
export function onRecall(state: State, from: number): string | undefined {
  const peer = state.peers[from] as Budget;
  if (peer.answers >= MAX_ANSWERS) return 'asks-too-often';
  peer.answers += 1;
  const statements = [...state.log.values()].flatMap((rounds) => lastWords(state, rounds, from));
  const change = state.roundChanges[from];
  if (change !== undefined) {
    const statement = statementAt(state, { ...change, height: state.height }, 'round-change', claimDigest(change));
    statements.push({ replica: from, ...statement, signature: change.signature });
  }
  statements.push(...earlyWords(state, from));
  const { height } = state;
  const newest = state.decided.get(height - 1);
  const proof = newest && { height: height - 1, digest: sha3_256(newest.payload), certificate: newest.certificate };
  send(state, from, { kind: 'recalled', newest: proof ?? null, statements });
  return undefined;
}

/** What a replica signed in the highest round known of it at a height: a commit implies the prepare. */
function lastWords(state: State, rounds: ReadonlyMap<number, Round>, replica: number): SignedStatement[] {
  for (const round of [...rounds.values()].sort((a, b) => b.round - a.round)) {
    const held = heldOf(state, round, replica).findLast((one) => ensureVerified(state, round, one));
    if (held === undefined) continue;
    const { epoch, phase, view, height, digest, signature } = held;
    return [{ replica, epoch, phase, view, height, digest, signature }];
  }
  return [];
}

/** What it said of heights that are not open here yet. */
function earlyWords(state: State, replica: number): SignedStatement[] {
  return (state.later.get(replica) ?? []).flatMap((bytes) => {
    const decoded = decodeQbftMessage(bytes);
    const signed = decoded.ok ? statementOf(state, replica, decoded.value) : undefined;
    return signed !== undefined && verifySigned(state.verify, state.set, signed) ? [signed] : [];
  });
}

function statementOf(state: State, replica: number, message: QbftMessage): SignedStatement | undefined {
  if (!('signature' in message)) return undefined;
  const { kind, signature } = message;
  const digest =
    kind === 'proposal' ? sha3_256(message.payload) : kind === 'round-change' ? claimDigest(message) : message.digest;
  const phase = kind === 'proposal' ? 'pre-prepare' : kind;
  return { replica, ...statementAt(state, message, phase, digest), signature };
}

/** What another replica holds of the own key. Nothing is signed at heights that are proved to be decided. */
export function onRecalled(state: State, from: number, message: QbftMessageOf<'recalled'>): string | undefined {
  const { newest, statements } = message;
  if (state.recall.answered.has(from)) return 'unasked-recall';
  for (const { replica, epoch } of statements) {
    if (replica !== state.self || epoch !== state.set.epoch) return 'no-recall';
  }
  const unknown = statements.filter((signed) => !isOwn(state, signed));
  if (!unknown.every((signed) => checkSigned(state, signed, from))) return 'bad-signature';
  const further = newest !== null && newest.height >= Math.max(state.floor, state.height);
  if (further && state.recall.voice === 'asking') {
    if (++(state.peers[from] as Budget).proofs > MAX_PROOFS) return 'proves-too-often';
    if (!certifies(state, newest)) return 'bad-certificate';
    state.floor = newest.height + 1;
  }
  for (const signed of unknown) fallSilent(state, signed);
  state.recall.answered.add(from);
  if (isAnswered(state)) speak(state);
  return undefined;
}
