import { randomBytes } from 'node:crypto';
import { concatBytes, deviceIdFromDigest, utf8 } from '@murmuration/core';
import { createSigner, ed25519Verify, sha3_256 } from '@murmuration/crypto';
import {
  type AggregationPlan,
  type AggregationResult,
  type Aggregator,
  type AggregatorEffect,
  type AggregatorInput,
  createAggregator,
  createMaskingClient,
  createPlan,
  type MaskingClient,
  type PlanOptions,
} from '@murmuration/privacy';

export interface RoundOptions
  extends Pick<PlanOptions, 'length' | 'bound' | 'degree' | 'minSurvivors' | 'roster' | 'norm'> {
  readonly size: number;
  readonly round: number;
  readonly verify?: typeof ed25519Verify;
  inputOf(member: number): Int32Array;
  /** Members that share their secrets and vanish before their vector leaves. */
  lost(member: number): boolean;
}

/** Of one client; `proofMs` and `proofBytes` of its norm proof, where the plan has one. */
interface Account {
  cpuMs: number;
  sent: number;
  received: number;
  proofMs: number;
  proofBytes: number;
}

export interface Measured {
  readonly plan: AggregationPlan;
  readonly result: AggregationResult | undefined;
  /** Processor time of all steps of each client, in ms; bytes that it sent and got. */
  readonly clients: readonly Account[];
  /** Processor time of the server's steps, in ms, of those that check norm proofs, and of the one that releases the sum. */
  readonly serverMs: number;
  readonly verifyMs: number;
  readonly releaseMs: number;
}

const entropy = { bytes: (length: number) => new Uint8Array(randomBytes(length)) };
const signers = new Map<number, ReturnType<typeof createSigner>>();

function signerOf(member: number) {
  const known = signers.get(member) ?? createSigner(sha3_256(utf8(`bench ${member}`)));
  signers.set(member, known);
  return known;
}

export function planOf(options: Omit<RoundOptions, 'inputOf' | 'lost' | 'verify'>): AggregationPlan {
  const { size, round, length, bound, degree, minSurvivors, roster, norm } = options;
  const members = Array.from({ length: size }, (_, i) => deviceIdFromDigest(sha3_256(utf8(`device ${i}`))));
  const seed = sha3_256(utf8(`beacon ${round}`));
  const optional = {
    ...(degree === undefined ? {} : { degree }),
    ...(minSurvivors === undefined ? {} : { minSurvivors }),
    ...(roster === undefined ? {} : { roster }),
    ...(norm === undefined ? {} : { norm }),
  };
  return createPlan({ job: 'bench', round, group: 0, members, seed, length, bound, ...optional });
}

function keyOf(member: number): Uint8Array {
  return signerOf(member).publicKey;
}

export function serverOf(plan: AggregationPlan): Aggregator {
  return createAggregator({ keyOf }, plan);
}

export function clientOf(plan: AggregationPlan, member: number, input: Int32Array): MaskingClient {
  return createMaskingClient({ keyOf, entropy, isCommitted, signer: signerOf(member) }, plan, member, input);
}

/** Of seven replicas; five sign, and every client checks them all. */
const replicas = Array.from({ length: 7 }, (_, i) => createSigner(sha3_256(utf8(`replica ${i}`))));
const QUORUM = 5;
const COMMIT_DOMAIN = 'murmur/bench/commit/1';

export function certify(statement: Uint8Array): Uint8Array {
  return concatBytes(...replicas.slice(0, QUORUM).map((replica) => replica.sign(COMMIT_DOMAIN, statement)));
}

function isCommitted(statement: Uint8Array, certificate: Uint8Array): boolean {
  if (certificate.length !== 64 * QUORUM) return false;
  return replicas.slice(0, QUORUM).every(({ publicKey }, i) => {
    return ed25519Verify(COMMIT_DOMAIN, statement, certificate.subarray(64 * i, 64 * i + 64), publicKey);
  });
}

/** One whole plan between real clients and a real server, in one process, each step's processor time on its account. */
export function measureRound(options: RoundOptions): Measured {
  const { verify = ed25519Verify } = options;
  const members = Array.from({ length: options.size }, (_, member) => member);
  const plan = planOf(options);
  const deps = { keyOf, verify, entropy, isCommitted };
  const aggregator = createAggregator(deps, plan);
  const accounts = members.map((): Account => ({ cpuMs: 0, sent: 0, received: 0, proofMs: 0, proofBytes: 0 }));
  const clients: (MaskingClient | undefined)[] = members.map(() => undefined);
  let serverMs = 0;
  let verifyMs = 0;
  let releaseMs = 0;
  let result: AggregationResult | undefined;

  const server = (input: AggregatorInput): readonly AggregatorEffect[] => {
    const isVerifying = aggregator.phase === 'proofs';
    const [effects, cpuMs] = timed(() => aggregator.step(input));
    serverMs += cpuMs;
    if (isVerifying) verifyMs += cpuMs;
    for (const effect of effects) {
      if (effect.kind === 'refused') throw new Error(`the server refused: ${effect.reason}`);
      if (effect.kind === 'void') throw new Error(`void: ${effect.reason}, ${effect.detail}`);
      if (effect.kind !== 'sum') continue;
      result = effect.result;
      releaseMs = cpuMs;
    }
    return effects;
  };
  const client = (member: number, bytes?: Uint8Array): readonly AggregatorEffect[] => {
    const account = accounts[member] as Account;
    const isProving = aggregator.phase === 'proofs';
    const [effects, cpuMs] = timed(() => {
      const made =
        clients[member] ??
        createMaskingClient({ ...deps, signer: signerOf(member) }, plan, member, options.inputOf(member));
      clients[member] = made;
      return made.step(bytes === undefined ? { kind: 'start' } : { kind: 'message', bytes });
    });
    account.cpuMs += cpuMs;
    if (isProving) account.proofMs += cpuMs;
    account.received += bytes?.length ?? 0;
    return effects.flatMap((effect) => {
      if (effect.kind === 'refused')
        throw new Error(`member ${member} refused: ${effect.reason}, ${effect.detail ?? ''}`);
      if (effect.kind !== 'send' || (options.lost(member) && aggregator.phase === 'masked')) return [];
      account.sent += effect.bytes.length;
      if (isProving) account.proofBytes += effect.bytes.length;
      return server({ kind: 'message', from: member, bytes: effect.bytes });
    });
  };

  let queue: readonly AggregatorEffect[] = members.flatMap((member) => client(member));
  while (result === undefined && (queue.length > 0 || aggregator.phase === 'masked')) {
    if (queue.length === 0) queue = server({ kind: 'deadline' });
    queue = queue.flatMap((effect) => {
      if (effect.kind === 'commit') return server({ kind: 'certified', certificate: certify(effect.statement) });
      return effect.kind === 'send' ? client(effect.to, effect.bytes) : [];
    });
  }
  return { plan, result, clients: accounts, serverMs, verifyMs, releaseMs };
}

/** Of this process alone, its collector's threads included. */
export function timed<T>(work: () => T): readonly [T, number] {
  const started = process.cpuUsage();
  const value = work();
  const { user, system } = process.cpuUsage(started);
  return [value, (user + system) / 1000];
}
