/**
 * `npm run sim -- secure-aggregation --seeds N --from SEED`: the services on the simulator, 100 members (every fifth
 * seed 208, with a committed roster), crashes at every stage, links with and without loss; every other seed the server
 * lies. Sums are exact; no client gives away two shares of a peer; a liar gets no sum.
 */
import { type DeviceId, decode, encode, type MessagePort, toHex, utf8 } from '@murmuration/core';
import { agreementKey, createSigner, sha3_256 } from '@murmuration/crypto';
import { type AggregationPlan, readSurvivorStatement, survivorStatement } from '@murmuration/privacy';
import { createWorld, type World } from '@murmuration/simulator';
import type { Row } from '../bench/rows.ts';
import type { AggregationOutcome } from '../packages/node/src/services/secure-aggregation/aggregation-service.ts';
import { partSchema } from '../packages/node/src/services/secure-aggregation/courier.ts';
import type { MaskingOutcome } from '../packages/node/src/services/secure-aggregation/masking-service.ts';
import {
  inputFor,
  memberAt,
  openCommittee,
  plainSum,
  planFor,
  seatOf,
  serverAt,
} from '../packages/node/test/services/secure-aggregation/world.ts';
import {
  encodeServerMessage,
  readClientMessage,
  readServerMessage,
  type ServerMessage,
} from '../packages/privacy/src/secure-aggregation/messages.ts';
import { type Outcome, type Report, runSweep, type Sweep, type SweepOptions, timed } from './sweep/sweep.ts';

export const name = 'secure-aggregation';

/** What a server tells some members in place of the truth, and the reason with which they refuse it. */
const LIES = {
  'other survivors to some': 'not-committed',
  'fewer survivors to all': 'not-committed',
  'other keys to some': 'bad-signature',
  'the statement of another plan': 'other-plan',
  'an old message again': 'repeated',
} as const;
type Lie = keyof typeof LIES;
const LIE_NAMES = Object.keys(LIES) as Lie[];
const LENGTH = 64;
const REPLICAS = 4;
const OPTIONS = { phaseMs: 8000, requestTimeoutMs: 300, retryMs: 100, patienceMs: 60_000 };

interface SumOutcome extends Outcome {
  readonly members: number;
  readonly lie: Lie | null;
  readonly isLossy: boolean;
  readonly kind: AggregationOutcome['kind'];
  readonly survivors: number;
  /** Messages that members refused. */
  readonly refusals: number;
}

export const sweep: Sweep<SumOutcome> = { name, seed, rows };

export function run(options: SweepOptions): Promise<Report> {
  return runSweep(sweep, options);
}

async function seed(seed: number): Promise<SumOutcome> {
  const replay = `npm run sim -- ${name} --from ${seed} --seeds 1`;
  const lie = seed % 2 === 0 ? (LIE_NAMES[(seed / 2) % LIE_NAMES.length] as Lie) : null;
  const isLarge = seed % 5 === 0;
  const isLossy = seed % 4 >= 2;
  const members = isLarge ? 208 : 100;
  const { value, cpuSeconds } = await timed(async () => {
    try {
      return await live(seed, members, isLarge ? 32 : 12, isLossy, lie, replay);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return { reason, hash: '', kind: 'cancelled' as const, survivors: 0, refusals: 0 };
    }
  });
  const { reason, hash, kind, survivors, refusals } = value;
  const failure = reason === undefined ? null : { reason, replay };
  return { seed, hash, failure, cpuSeconds, members, lie, isLossy, kind, survivors, refusals };
}

async function live(seed: number, count: number, degree: number, isLossy: boolean, lie: Lie | null, replay: string) {
  const faults = isLossy ? { loss: 0.04, duplication: 0.02, reordering: 0.1 } : {};
  const world = createWorld({ seed: `${name} ${seed}`, faults, replay });
  const names = Array.from({ length: count }, (_, i) => `member-${i}`);
  const devices = names.map((one) => world.node(one).device);
  // Another plan, honestly committed: its statements must not serve for this one.
  const roster = lie !== 'other keys to some' && degree > 12 ? ('committed' as const) : ('signed' as const);
  const options = { length: LENGTH, degree, seed: sha3_256(utf8(`ring ${seed}`)), roster };
  const plan = planFor(devices, options);
  const replicas = Array.from({ length: REPLICAS }, (_, i) => world.node(`replica-${i}`));
  const committee = await openCommittee(
    replicas.map(({ port, clock }) => seatOf(port, clock)),
    [plan],
    OPTIONS,
  );
  const server = world.node('server');
  const liar = lie === null ? server.port : lyingPort(server.port, plan, lie);
  const service = serverAt(
    seatOf(liar, server.clock),
    committee,
    replicas.map(({ device }) => device),
    OPTIONS,
  );
  const reveals = names.map(() => new Map<number, Set<string>>());
  const parts: Promise<MaskingOutcome>[] = [];
  for (const [i, one] of names.entries()) {
    // One in ten crashes, before one of its five letters; where the server lies nobody does.
    const crashesAt = lie === null && world.random.below(10) === 0 ? world.random.below(5) : Number.POSITIVE_INFINITY;
    const node = world.node(one);
    const port = watchedPort(node.port, plan, reveals[i] as Map<number, Set<string>>, (letter) => {
      if (letter < crashesAt) return true;
      if (node.running) node.crash();
      return false;
    });
    const member = memberAt(seatOf(port, node.clock), committee, OPTIONS, { coins: 'entropy' });
    parts.push(member.takePart(plan, server.device, inputFor(plan, devices[i] as DeviceId)));
  }
  const ends: MaskingOutcome[] = [];
  for (const part of parts) void part.then((end) => ends.push(end));
  let outcome: AggregationOutcome | undefined;
  void service.run(plan).then((ended) => {
    outcome = ended;
  });
  await world.run({ until: () => outcome !== undefined, untilMs: 300_000 });
  await world.run({ untilMs: world.nowMs() + 2000 });
  return judge(world, plan, lie, outcome, ends, reveals);
}

function judge(
  world: World,
  plan: AggregationPlan,
  lie: Lie | null,
  outcome: AggregationOutcome | undefined,
  ends: readonly MaskingOutcome[],
  reveals: readonly ReadonlyMap<number, ReadonlySet<string>>[],
) {
  const refused = ends.flatMap((end) => end.refused);
  const counted = Object.entries(outcome?.refused ?? {}).map(([reason, count]) => ({ reason, count }));
  const told = counted.filter(({ reason }) => lie !== null && reason === `client-${LIES[lie]}`);
  const refusals = told.reduce((sum, { count }) => sum + count, 0);
  const survivors = outcome?.kind === 'sum' ? outcome.result.survivors.length : 0;
  const reason = wrong();
  return { reason, hash: world.traceHash(), kind: outcome?.kind ?? ('cancelled' as const), survivors, refusals };

  function wrong(): string | undefined {
    if (outcome === undefined) return 'the plan never ended';
    for (const [member, shares] of reveals.entries()) {
      for (const [of, given] of shares) if (given.size > 1) return `member ${member} gave two shares of member ${of}`;
    }
    if (outcome.kind === 'sum') {
      if (lie !== null && lie !== 'an old message again') return `a server that told ${lie} has a sum`;
      if (outcome.result.survivors.length < plan.minSurvivors) return 'a sum of too few';
      const wanted = plainSum(plan, outcome.result.survivors);
      if (toHex(bytesOf(outcome.result.sum)) !== toHex(bytesOf(wanted))) return 'the sum is not exact';
      if (outcome.result.outOfRange !== 0) return 'numbers out of range';
    }
    if (lie !== null && refusals === 0) return `nobody refused ${lie}: ${JSON.stringify(outcome.refused)}`;
    if (lie === null && refused.length > 0) return `an honest server was refused: ${refused.join(', ')}`;
    return undefined;
  }
}

/** Notes the shares that leave, and asks before each first part of a letter whether the process still lives. */
function watchedPort(
  port: MessagePort,
  plan: AggregationPlan,
  reveals: Map<number, Set<string>>,
  mayLeave: (letter: number) => boolean,
): MessagePort {
  const request: MessagePort['request'] = (to, topic, bytes, options) => {
    const part = decode(partSchema, bytes);
    if (topic === 'secagg/up' && part.ok) {
      if (!mayLeave(part.value.number)) return new Promise(() => {});
      const message = readClientMessage(part.value.bytes, plan.length);
      if (message.ok && message.value.kind === 'reveal') {
        for (const { of, share } of message.value.shares) {
          reveals.set(of, (reveals.get(of) ?? new Set()).add(toHex(share)));
        }
      }
    }
    return port.request(to, topic, bytes, options);
  };
  return through(port, request);
}

/** A server's port that rewrites what it tells. */
function lyingPort(port: MessagePort, plan: AggregationPlan, lie: Lie): MessagePort {
  const seen = new Map<DeviceId, Uint8Array>();
  const request: MessagePort['request'] = (to, topic, bytes, options) => {
    const part = decode(partSchema, bytes);
    if (topic !== 'secagg/down' || !part.ok) return port.request(to, topic, bytes, options);
    const read = readServerMessage(part.value.bytes);
    const member = plan.members.indexOf(to);
    const told = read.ok ? tell(plan, lie, member, read.value, seen.get(to)) : undefined;
    if (read.ok && read.value.kind === 'boxes') seen.set(to, part.value.bytes);
    if (told === undefined) return port.request(to, topic, bytes, options);
    return port.request(to, topic, encode(partSchema, { ...part.value, bytes: told, total: told.length }), options);
  };
  return through(port, request);
}

function tell(
  plan: AggregationPlan,
  lie: Lie,
  member: number,
  message: ServerMessage,
  old: Uint8Array | undefined,
): Uint8Array | undefined {
  const toSome = member % 2 === 0;
  if (message.kind === 'roster' && lie === 'other keys to some' && toSome) return withForgedKey(plan, message);
  if (message.kind !== 'survivors') return undefined;
  const sets = readSurvivorStatement(plan, message.statement);
  if (!sets.ok) return undefined;
  const fewer = new Set([...sets.value.survivors].filter((one) => one === member || one % 16 !== member % 16));
  const changed = { ...message, statement: survivorStatement(plan, { ...sets.value, survivors: fewer }) };
  switch (lie) {
    case 'other survivors to some':
      return toSome ? encodeServerMessage(changed) : undefined;
    case 'fewer survivors to all':
      return encodeServerMessage(changed);
    case 'the statement of another plan': {
      const other = planFor(plan.members, { length: LENGTH, degree: plan.degree, round: 2 });
      return encodeServerMessage({ ...message, statement: survivorStatement(other, sets.value) });
    }
    case 'an old message again':
      return member % 16 === 0 ? old : undefined;
    default:
      return undefined;
  }
}

/** A key of the server's own in place of a neighbour's, signed by the server's own signer. */
function withForgedKey(plan: AggregationPlan, message: Extract<ServerMessage, { kind: 'roster' }>): Uint8Array {
  const { publicKey } = agreementKey(sha3_256Wide(plan.digest));
  const signer = createSigner(sha3_256(utf8('the server')));
  const signature = signer.sign('murmur/secure-aggregation/keys/1', publicKey);
  const [first, ...rest] = message.entries;
  return encodeServerMessage({
    ...message,
    entries: first === undefined ? [] : [{ ...first, publicKey, signature }, ...rest],
  });
}

function sha3_256Wide(seed: Uint8Array): Uint8Array {
  const wide = new Uint8Array(96);
  for (let i = 0; i < 3; i++) wide.set(sha3_256(seed, Uint8Array.of(i)), 32 * i);
  return wide;
}

function through(port: MessagePort, request: MessagePort['request']): MessagePort {
  return {
    self: port.self,
    peers: () => port.peers(),
    send: (to, topic, bytes) => port.send(to, topic, bytes),
    broadcast: (topic, bytes) => port.broadcast(topic, bytes),
    onMessage: (topic, handler) => port.onMessage(topic, handler),
    request,
    onRequest: (topic, handler) => port.onRequest(topic, handler),
    onPeer: (listener) => port.onPeer(listener),
  };
}

function bytesOf(words: Int32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}

function rows(outcomes: readonly SumOutcome[]): Row[] {
  const honest = outcomes.filter(({ lie }) => lie === null);
  const lied = outcomes.filter(({ lie }) => lie !== null);
  const sums = honest.filter(({ kind }) => kind === 'sum');
  const fine = outcomes.filter(({ failure }) => failure === null).length;
  const large = outcomes.filter(({ members }) => members > 200).length;
  const lossy = outcomes.filter(({ isLossy }) => isLossy).length;
  return [
    {
      what: 'lives without a fault found',
      value: fine / outcomes.length,
      unit: 'of all',
      against: `${outcomes.length} seeds, ${large} with 208 members, ${lossy} with loss`,
      bar: '= 1',
      holds: fine === outcomes.length,
    },
    {
      what: 'honest servers with an exact sum, one member in ten crashing',
      value: sums.length / Math.max(1, honest.length),
      unit: 'of all',
      against: `${honest.length} seeds, the rest void by dropouts`,
      bar: '≥ 0.9',
      holds: sums.length >= 0.9 * honest.length,
    },
    {
      what: 'lying servers refused by members, with the reason for that lie',
      value: lied.filter(({ refusals, failure }) => refusals > 0 && failure === null).length / Math.max(1, lied.length),
      unit: 'of all',
      against: `${lied.length} seeds, ${LIE_NAMES.length} lies`,
      bar: '= 1',
      holds: lied.every(({ refusals, failure }) => refusals > 0 && failure === null),
    },
  ];
}
