import { type Entropy, MurmurError, type Result, refuse } from '@murmuration/core';
import { takeMessage } from './aggregator-messages.ts';
import {
  type AggregatorData,
  type AggregatorDeps,
  type AggregatorEffect,
  type AggregatorInput,
  type AggregatorPhase,
  newAggregatorData,
  type VoidReason,
} from './aggregator-state.ts';
import { type ClientMessage, encodeServerMessage, readClientMessage, type ServerMessage } from './messages.ts';
import { challengeVectors, dropUnproven } from './norm-checks.ts';
import { type AggregationPlan, sumBound } from './plan.ts';
import { countBeyond } from './quantise.ts';
import { unmask } from './recover.ts';
import { rosterStatement, type SignedKey } from './roster.ts';
import { survivorStatement } from './survivors.ts';

export interface Aggregator {
  step(input: AggregatorInput): readonly AggregatorEffect[];
  readonly phase: AggregatorPhase;
}

/** The phase that takes each message. */
const TAKEN_IN: Record<ClientMessage['kind'], AggregatorPhase> = {
  keys: 'keys',
  ciphertexts: 'ciphertexts',
  shares: 'shares',
  masked: 'masked',
  'norm-proof': 'proofs',
  reveal: 'reveals',
};
const PHASES: readonly AggregatorPhase[] = [
  'keys',
  'roster',
  'ciphertexts',
  'shares',
  'masked',
  'proofs',
  'committing',
  'reveals',
  'done',
  'void',
];

/**
 * The server's part in one plan. It learns the sum of at least `minSurvivors` vectors, or nothing. A phase ends when
 * all have answered or at its deadline; late, repeated and malformed messages are refused with a reason and change
 * nothing. Vectors are added as they come: memory does not grow with the number of members times the length, unless
 * the plan has a norm bound, whose vectors are kept until they are proven.
 * @throws PRIVACY_NO_CHALLENGE where the plan has a norm bound and `deps` no entropy
 */
export function createAggregator(deps: AggregatorDeps, plan: AggregationPlan): Aggregator {
  if (plan.norm !== null && deps.entropy === undefined) throw noChallenge();
  const data = newAggregatorData(deps, plan);
  return {
    get phase() {
      return data.phase;
    },
    step: (input) => {
      if (input.kind === 'certified') return certify(data, input.certificate);
      if (input.kind === 'deadline') return endPhase(data);
      const taken = receive(data, input.from, input.bytes);
      if (!taken.ok) return [refused(input.from, taken)];
      const told = data.told.splice(0);
      return allAnswered(data) ? [...told, ...endPhase(data)] : told;
    },
  };
}

function receive(data: AggregatorData, from: number, bytes: Uint8Array): Result<void> {
  const read = readClientMessage(bytes, data.plan.length);
  if (!read.ok) return read;
  const wanted = TAKEN_IN[read.value.kind];
  if (data.phase !== wanted) {
    const late = PHASES.indexOf(data.phase) > PHASES.indexOf(wanted);
    return refuse(late ? 'late' : 'out-of-order', `${read.value.kind} in phase ${data.phase}`);
  }
  if (!data.expected.has(from)) return refuse('not-expected', `member ${from}`);
  return takeMessage(data, from, read.value);
}

function allAnswered(data: AggregatorData): boolean {
  return answered(data).size === data.expected.size;
}

function answered(data: AggregatorData): ReadonlySet<number> | ReadonlyMap<number, unknown> {
  switch (data.phase) {
    case 'keys':
    case 'roster':
      return data.keys;
    case 'ciphertexts':
      return data.ciphertexts;
    case 'shares':
      return data.shares;
    case 'masked':
      return data.survivors;
    case 'proofs':
      return data.norm?.proven ?? data.survivors;
    default:
      return data.revealers;
  }
}

function endPhase(data: AggregatorData): readonly AggregatorEffect[] {
  switch (data.phase) {
    case 'keys':
      return data.plan.roster === 'committed' ? fixRoster(data) : handOutKeys(data);
    case 'ciphertexts':
      return advance(data, 'shares', (member, near) => ({
        kind: 'pairs',
        entries: near.map((from) => ({ from, ciphertext: data.ciphertexts.get(from)?.get(member) ?? null })),
      }));
    case 'shares':
      return advance(data, 'masked', (member, near) => ({
        kind: 'boxes',
        entries: near.map((from) => ({ from, box: given(given(data.boxes, from), member).box })),
      }));
    case 'masked':
      return data.norm === null ? fixSurvivors(data) : askForProofs(data);
    case 'proofs':
      dropUnproven(data);
      return fixSurvivors(data);
    case 'reveals':
      return release(data);
    case 'roster':
    case 'committing':
      return voided(data, 'not-committed', `in phase ${data.phase}`);
    default:
      return []; // a deadline of a phase that is over
  }
}

function handOutKeys(data: AggregatorData): readonly AggregatorEffect[] {
  return advance(data, 'ciphertexts', (_, near) => ({ kind: 'roster', entries: signedKeys(data, near) }));
}

function signedKeys({ keys }: AggregatorData, members: readonly number[]): SignedKey[] {
  return members.map((member) => {
    const { publicKey, signature } = given(keys, member);
    return { member, publicKey, signature };
  });
}

/** Keys that come from now on are in no roster. */
function fixRoster(data: AggregatorData): readonly AggregatorEffect[] {
  const members = [...data.keys.keys()].sort((a, b) => a - b);
  const keys = signedKeys(data, members);
  data.phase = 'roster';
  data.statement = rosterStatement(data.plan, new Map(keys.map(({ member, publicKey }) => [member, publicKey])));
  return [
    { kind: 'phase', phase: 'roster', waitingFor: 0 },
    { kind: 'commit', statement: data.statement, keys },
  ];
}

function handOutRoster(data: AggregatorData, certificate: Uint8Array): readonly AggregatorEffect[] {
  const { statement } = data;
  return advance(data, 'ciphertexts', (_, near) => {
    const entries = near.map((member) => ({ member, publicKey: given(data.keys, member).publicKey }));
    return { kind: 'committed-roster', entries, statement, certificate };
  });
}

/** Hands out what came in, among those who still have a neighbourhood that can answer for them. */
function advance(
  data: AggregatorData,
  phase: 'ciphertexts' | 'shares' | 'masked',
  answer: (member: number, near: readonly number[]) => ServerMessage,
): readonly AggregatorEffect[] {
  const { plan } = data;
  const left = withNeighbourhood(plan, new Set(answered(data).keys()));
  if (left.size < plan.minSurvivors) return voided(data, 'too-few-members', `${left.size} of ${plan.minSurvivors}`);
  const sends = [...left].map((to): AggregatorEffect => {
    const near = plan.graph.neighbours(to).filter((other) => left.has(other));
    return { kind: 'send', to, bytes: encodeServerMessage(answer(to, near)) };
  });
  data.phase = phase;
  data.expected = left;
  if (phase === 'masked') data.sharers = left;
  return [{ kind: 'phase', phase, waitingFor: left.size }, ...sends];
}

/** Leaves out, until nothing changes, members with fewer than threshold − 1 neighbours left. */
function withNeighbourhood(plan: AggregationPlan, members: Set<number>): ReadonlySet<number> {
  for (let size = -1; size !== members.size; ) {
    size = members.size;
    for (const member of members) if (near(plan, members, member) < plan.threshold) members.delete(member);
  }
  return members;
}

/** Members of the closed neighbourhood. */
function near(plan: AggregationPlan, members: ReadonlySet<number>, member: number): number {
  return plan.graph.holders(member).filter((other) => members.has(other)).length;
}

/** The vectors are here: only now the challenge is drawn. */
function askForProofs(data: AggregatorData): readonly AggregatorEffect[] {
  const challenge = (data.deps.entropy as Entropy).bytes(32);
  challengeVectors(data, challenge);
  data.phase = 'proofs';
  data.expected = new Set(data.survivors);
  const bytes = encodeServerMessage({ kind: 'challenge', challenge });
  const sends = [...data.survivors].map((to): AggregatorEffect => ({ kind: 'send', to, bytes }));
  return [{ kind: 'phase', phase: 'proofs', waitingFor: data.survivors.size }, ...sends];
}

/** Vectors that come from now on stay hidden by their self masks: nobody reveals those. */
function fixSurvivors(data: AggregatorData): readonly AggregatorEffect[] {
  const { plan, sharers, survivors } = data;
  if (survivors.size < plan.minSurvivors) {
    return voided(data, 'too-few-survivors', `${survivors.size} of ${plan.minSurvivors}`);
  }
  for (const member of sharers) {
    const left = near(plan, survivors, member);
    if (left < plan.threshold) return voided(data, 'too-few-survivors', `${left} hold shares of member ${member}`);
  }
  data.phase = 'committing';
  data.statement = survivorStatement(plan, { sharers, survivors });
  return [
    { kind: 'phase', phase: 'committing', waitingFor: 0 },
    { kind: 'commit', statement: data.statement },
  ];
}

function certify(data: AggregatorData, certificate: Uint8Array): readonly AggregatorEffect[] {
  if (data.phase === 'roster') return handOutRoster(data, certificate);
  if (data.phase !== 'committing') return [];
  const bytes = encodeServerMessage({ kind: 'survivors', statement: data.statement, certificate });
  data.phase = 'reveals';
  data.expected = data.survivors;
  const sends = [...data.survivors].map((to): AggregatorEffect => ({ kind: 'send', to, bytes }));
  return [{ kind: 'phase', phase: 'reveals', waitingFor: data.survivors.size }, ...sends];
}

function release(data: AggregatorData): readonly AggregatorEffect[] {
  const unmasked = unmask(data);
  if (!unmasked.ok) return voided(data, unmasked.reason, unmasked.detail ?? '');
  data.phase = 'done';
  const survivors = [...data.survivors].sort((a, b) => a - b);
  const outOfRange = countBeyond(data.sum, sumBound(data.plan, survivors.length));
  return [{ kind: 'sum', result: { sum: data.sum, survivors, outOfRange, unproven: data.norm?.unproven ?? [] } }];
}

function voided(data: AggregatorData, reason: VoidReason, detail: string): readonly AggregatorEffect[] {
  data.phase = 'void';
  data.sum.fill(0);
  data.revealed.clear();
  return [{ kind: 'void', reason, detail }];
}

function refused(from: number, { reason, detail }: { reason: string; detail?: string }): AggregatorEffect {
  return detail === undefined ? { kind: 'refused', from, reason } : { kind: 'refused', from, reason, detail };
}

function noChallenge(): MurmurError {
  return new MurmurError({
    code: 'PRIVACY_NO_CHALLENGE',
    message: 'the plan bounds norms, and the server has no source of a challenge that nobody knows before',
    remedy: 'give deps.entropy, or a plan without a norm bound',
  });
}

function given<T>(map: ReadonlyMap<number, T>, member: number): T {
  return map.get(member) as T;
}
