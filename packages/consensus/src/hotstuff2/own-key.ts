import { sha3_256 } from '@murmuration/crypto';
import { isAnswered } from '../loop/recall.ts';
import type { Phase, SignedStatement, Statement } from '../quorum/statement.ts';
import { type AggregateCertificate, type Claim, replicasOf } from './certificates.ts';
import { learn } from './locking.ts';
import { decodeHotstuff2Message, type Hotstuff2MessageOf } from './messages.ts';
import {
  certifies,
  leaderAt,
  mayAnswer,
  type Place,
  proposalAt,
  type State,
  send,
  signedWell,
  statementAt,
  strike,
} from './state.ts';
import { enterBy, tellLock } from './views.ts';
import { fallSilent, isOwn } from './witness.ts';

/** Asks what is held of the own key, until enough have said: see `Recall`. */
export function askOthers(state: State): void {
  if (isAnswered(state)) speak(state);
  else if (state.recall.voice === 'asking') send(state, 'all', { kind: 'recall' });
}

/** Where this replica has been, as far as its journal and its peers can tell. */
export function placeReached({ view, height, votesFrom }: State): Place {
  return { view, height: Math.max(height, votesFrom) };
}

/**
 * From now on it signs. A vote goes to the leader alone, who may lie about it: where others are beyond the journal, so
 * may this replica have been, and it waits for the next view or height.
 */
export function speak(state: State): void {
  const { bootedAt } = state;
  const reached = placeReached(state);
  if (reached.view > bootedAt.view || reached.height > bootedAt.height) state.barred = reached;
  state.recall.voice = 'free';
  if (state.view > 0) tellLock(state);
}

/** A replica that has just booted asks what is held of it, where the chain is, and what is locked. */
export function onRecall(state: State, from: number): string | undefined {
  if (!mayAnswer(state, from)) return 'asks-too-often';
  const { proof, height, lock } = state;
  const statements = wordsOf(state, from).filter((signed) => signedWell(state, signed));
  const decided = state.decided.get(height - 1);
  const newest =
    decided === undefined
      ? null
      : { height: height - 1, digest: sha3_256(decided.payload), certificate: decided.certificate };
  send(state, from, { kind: 'recalled', proof, newest, lock: lock && { height, ...lock }, statements });
  return undefined;
}

/** What a replica signed, so far as it is held: its votes in the view that is led here, its proposals, what came early. */
function wordsOf(state: State, replica: number): SignedStatement[] {
  const { view, height, votes, votes2, seen, rumour, decided, said } = state;
  const words: SignedStatement[] = [];
  for (const [vote, phase] of [
    [votes.get(replica), 'prepare'],
    [votes2.get(replica), 'commit'],
  ] as const) {
    if (vote === undefined) continue;
    words.push({ replica, ...statementAt(state, phase, view, height, vote.digest), signature: vote.signature });
  }
  const proposals = [...decided].map(([at, block]) => ({ at, shown: block.seen }));
  // What was voted for before the last boot is in the journal alone.
  const { voted } = said ?? { voted: null };
  if (voted?.proposal != null)
    proposals.push({ at: said?.height ?? 0, shown: { ...voted, signature: voted.proposal } });
  proposals.push({ at: height, shown: seen }, { at: rumour?.height ?? 0, shown: rumour?.seen ?? null });
  const own = proposals.flatMap(({ at, shown }) =>
    shown !== null && leaderAt(state, shown.view, at) === replica ? [proposalAt(state, at, shown)] : [],
  );
  return [...words, ...own.slice(-MAX_PROPOSALS), ...earlyWords(state, replica)];
}

/** Proposals of one replica that it is told of: the last ones tell the rest. */
const MAX_PROPOSALS = 4;

function earlyWords(state: State, replica: number): SignedStatement[] {
  return (state.later.get(replica) ?? []).flatMap((bytes) => {
    const decoded = decodeHotstuff2Message(bytes);
    if (!decoded.ok) return [];
    const message = decoded.value;
    if (message.kind !== 'propose' && message.kind !== 'vote' && message.kind !== 'vote2') return [];
    const phase = EARLY_PHASES[message.kind];
    const digest = message.kind === 'propose' ? sha3_256(message.payload) : message.digest;
    const statement = statementAt(state, phase, message.view, message.height, digest);
    return [{ replica, ...statement, signature: message.signature }];
  });
}

const EARLY_PHASES = { propose: 'pre-prepare', vote: 'prepare', vote2: 'commit' } as const satisfies Record<
  string,
  Phase
>;

/** What another replica holds of the own key. What it proves besides is believed: view, height and lock. */
export function onRecalled(state: State, from: number, message: Hotstuff2MessageOf<'recalled'>): string | undefined {
  const { proof, statements } = message;
  if (state.recall.answered.has(from)) return 'unasked-recall';
  for (const { replica, epoch } of statements) {
    if (replica !== state.self || epoch !== state.set.epoch) return 'no-recall';
  }
  const unknown: Statement[] = statements.filter((signed) => !isOwn(state, signed));
  if (!(unknown as SignedStatement[]).every((signed) => signedWell(state, signed))) {
    strike(state, from);
    return 'bad-signature';
  }
  if (proof !== null && !enterBy(state, proof, from)) return 'bad-certificate';
  const certified = believe(state, from, message);
  if (certified === undefined) return 'bad-certificate';
  for (const statement of [...unknown, ...certified]) fallSilent(state, statement);
  state.recall.answered.add(from);
  if (isAnswered(state)) speak(state);
  return undefined;
}

/**
 * Takes over the newest decision and the lock of another, where their certificates hold.
 * @returns what the own key signed among those, and this process did not; undefined where a certificate is bad
 */
function believe(
  state: State,
  from: number,
  { newest, lock }: Hotstuff2MessageOf<'recalled'>,
): Statement[] | undefined {
  const foreign: Statement[] = [];
  if (newest !== null) {
    const { height, digest, certificate } = newest;
    const claim = { phase: 'commit', height, digest } as const;
    const signed = signedElsewhere(state, claim, certificate);
    const further = height >= placeReached(state).height;
    if ((signed || further) && !certifies(state, claim, certificate, from)) return undefined;
    if (further) state.votesFrom = height + 1;
    if (signed) foreign.push(statementAt(state, 'commit', certificate.view, height, digest));
  }
  if (lock !== null) {
    const { height, digest, certificate } = lock;
    const claim = { phase: 'prepare', height, digest } as const;
    const signed = signedElsewhere(state, claim, certificate);
    if (signed && !certifies(state, claim, certificate, from)) return undefined;
    if (height === state.height && !learn(state, { digest, certificate }, from)) return undefined;
    if (signed) foreign.push(statementAt(state, 'prepare', certificate.view, height, digest));
  }
  return foreign;
}

/** Whether a certificate names this replica as a signer of what its journal does not know. */
function signedElsewhere(state: State, { phase, height, digest }: Claim, certificate: AggregateCertificate): boolean {
  const { epoch, view, signers } = certificate;
  if (epoch !== state.set.epoch || !replicasOf(signers, state.n)?.includes(state.self)) return false;
  return !isOwn(state, { phase, view, height, digest });
}
