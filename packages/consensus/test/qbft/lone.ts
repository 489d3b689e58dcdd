import { equalBytes } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import {
  type Batch,
  type Commit,
  createQbft,
  type Engine,
  type EngineEvent,
  encodeBatch,
  type QbftOptions,
  qbftChain,
  quorum,
} from '../../src/index.ts';
import {
  type Claim,
  claimDigest,
  decodeQbftMessage,
  encodeQbftMessage,
  type QbftMessage,
  type QbftMessageOf,
} from '../../src/qbft/messages.ts';
import { encodeCertificate } from '../../src/quorum/certificate.ts';
import { type Phase, type Signature, type SignedStatement, signStatement } from '../../src/quorum/statement.ts';
import { createKeys, type Keys } from '../cluster/keys.ts';

export const NOW_MS = 1_767_225_600_000;
export const NOTHING: Claim = { preparedRound: 0, preparedDigest: new Uint8Array(32) };

export interface Outcome {
  readonly sent: readonly { readonly to: number | 'all'; readonly message: QbftMessage }[];
  readonly refused: readonly string[];
  readonly commits: readonly Commit[];
  readonly evidence: readonly Uint8Array[];
  readonly timers: readonly { readonly id: string; readonly delayMs: number }[];
  readonly cancelled: readonly string[];
  readonly behind: readonly number[];
  /** Of what another process signed with the own key: whether it contradicts the own word. */
  readonly duplicated: readonly boolean[];
}

type Quoted = QbftMessageOf<'proposal'>['roundChanges'][number];

/** One engine; everybody else is the test, with their keys. Commits are executed at once. */
export class Lone {
  readonly n: number;
  readonly q: number;
  readonly self: number;
  readonly keys: Keys;
  readonly journal = new Map<string, Uint8Array>();
  engine: Engine;
  executes = true;
  /** Whether it asks others at its next boot what they hold of its key. */
  asks = false;
  private executed = 0;
  private readonly options: QbftOptions;

  constructor(n: number, self: number, options: QbftOptions = {}) {
    this.n = n;
    this.q = quorum(n);
    this.self = self;
    this.keys = createKeys(n);
    this.options = options;
    this.engine = this.create();
    this.start();
  }

  private create(): Engine {
    const signer = this.keys.signers[this.self] as Keys['signers'][number];
    return createQbft({ replicaSet: this.keys.set, self: this.self, signer }, this.options);
  }

  private start(): Outcome {
    const records = [...this.journal].map(([key, value]) => ({ key, value }));
    const executed = { height: this.executed, stateDigest: new Uint8Array(32) };
    return this.step({ kind: 'start', nowMs: NOW_MS, records, executed, ...(this.asks ? {} : { sure: true }) });
  }

  /** The process dies and comes back. @param executed what the host still has */
  reboot(executed = this.executed): Outcome {
    this.executed = executed;
    this.engine = this.create();
    return this.start();
  }

  step(event: EngineEvent): Outcome {
    const outcome: Writable<Outcome> = {
      sent: [],
      refused: [],
      commits: [],
      evidence: [],
      timers: [],
      cancelled: [],
      behind: [],
      duplicated: [],
    };
    this.into(outcome, event);
    // What it brings about is executed at once; `commits` may grow meanwhile.
    for (let i = 0; this.executes && i < outcome.commits.length; i++) {
      this.executed = (outcome.commits[i] as Commit).height;
      this.into(outcome, { kind: 'executed', nowMs: NOW_MS, height: this.executed, stateDigest: new Uint8Array(32) });
    }
    return outcome;
  }

  private into(outcome: Writable<Outcome>, event: EngineEvent): void {
    for (const effect of this.engine.step(event)) {
      if (effect.kind === 'send') outcome.sent.push({ to: effect.to, message: read(effect.bytes) });
      else if (effect.kind === 'refused') outcome.refused.push(effect.reason);
      else if (effect.kind === 'commit') outcome.commits.push(effect.commit);
      else if (effect.kind === 'evidence') outcome.evidence.push(effect.evidence);
      else if (effect.kind === 'setTimer') outcome.timers.push(effect);
      else if (effect.kind === 'cancelTimer') outcome.cancelled.push(effect.id);
      else if (effect.kind === 'duplicated') outcome.duplicated.push(effect.conflicting);
      else if (effect.kind === 'behind') outcome.behind.push(effect.height);
      else if (effect.kind === 'persist' && effect.value === null) this.journal.delete(effect.key);
      else if (effect.kind === 'persist') this.journal.set(effect.key, effect.value as Uint8Array);
    }
  }

  deliver(from: number, message: QbftMessage | Uint8Array): Outcome {
    const bytes = message instanceof Uint8Array ? message : encodeQbftMessage(message);
    return this.step({ kind: 'message', nowMs: NOW_MS, from, bytes });
  }

  request(...bytes: number[]): Outcome {
    return this.step({ kind: 'propose', nowMs: NOW_MS, request: Uint8Array.from(bytes) });
  }

  tick(): Outcome {
    return this.step({ kind: 'timer', nowMs: NOW_MS, id: 'qbft-tick' });
  }

  /** The whole timeout of a round passes: four timers in a row. */
  timeOut(): Outcome {
    for (let part = 1; part < 4; part++) this.step({ kind: 'timer', nowMs: NOW_MS, id: 'qbft-round' });
    return this.step({ kind: 'timer', nowMs: NOW_MS, id: 'qbft-round' });
  }

  sign(by: number, phase: Phase, height: number, round: number, digest: Uint8Array): Uint8Array {
    const statement = { epoch: 0, phase, view: round, height, digest };
    return signStatement(this.keys.signers[by] as Keys['signers'][number], qbftChain(this.keys.set).chainId, statement);
  }

  signed(by: number, phase: Phase, height: number, round: number, digest: Uint8Array): SignedStatement {
    const signature = this.sign(by, phase, height, round, digest);
    return { replica: by, epoch: 0, phase, view: round, height, digest, signature };
  }

  proposerOf(height: number, round: number): number {
    return (height + round - 1) % this.n;
  }

  proposal(
    height: number,
    round: number,
    payload: Uint8Array,
    why: Partial<Pick<QbftMessageOf<'proposal'>, 'roundChanges' | 'prepares'>> = {},
  ): QbftMessageOf<'proposal'> {
    const signature = this.sign(this.proposerOf(height, round), 'pre-prepare', height, round, sha3_256(payload));
    const { roundChanges = [], prepares = [] } = why;
    return { kind: 'proposal', epoch: 0, height, round, payload, signature, roundChanges, prepares };
  }

  vote(
    kind: 'prepare' | 'commit',
    by: number,
    height: number,
    round: number,
    digest: Uint8Array,
  ): QbftMessageOf<'prepare' | 'commit'> {
    return { kind, epoch: 0, height, round, digest, signature: this.sign(by, kind, height, round, digest) };
  }

  signatures(
    phase: 'prepare' | 'commit',
    by: readonly number[],
    height: number,
    round: number,
    digest: Uint8Array,
  ): Signature[] {
    return by.map((replica) => ({ replica, signature: this.sign(replica, phase, height, round, digest) }));
  }

  quoted(by: number, height: number, round: number, claim: Claim = NOTHING): Quoted {
    return { replica: by, ...claim, signature: this.sign(by, 'round-change', height, round, claimDigest(claim)) };
  }

  roundChange(
    by: number,
    height: number,
    round: number,
    prepared?: { readonly round: number; readonly payload: Uint8Array; readonly prepares: readonly Signature[] },
  ): QbftMessageOf<'round-change'> {
    const claim =
      prepared === undefined ? NOTHING : { preparedRound: prepared.round, preparedDigest: sha3_256(prepared.payload) };
    const { preparedRound, preparedDigest, signature } = this.quoted(by, height, round, claim);
    const { prepares = [], payload = new Uint8Array(0) } = prepared ?? {};
    return {
      kind: 'round-change',
      epoch: 0,
      height,
      round,
      preparedRound,
      preparedDigest,
      signature,
      prepares,
      payload,
    };
  }

  decided(height: number, payload: Uint8Array, by: readonly number[], round = 1): QbftMessageOf<'decided'> {
    const signatures = this.signatures('commit', by, height, round, sha3_256(payload));
    return { kind: 'decided', height, payload, certificate: encodeCertificate({ epoch: 0, view: round, signatures }) };
  }

  /** Everybody but the own replica. */
  get others(): number[] {
    return Array.from({ length: this.n }, (_, i) => i).filter((i) => i !== this.self);
  }
}

export function batchOf(...requests: number[]): Uint8Array {
  const batch: Batch = { timeMs: NOW_MS, requests: requests.map((byte) => Uint8Array.of(byte)) };
  return encodeBatch(batch);
}

/** The messages of one kind in an outcome. */
export function sentOf<Kind extends QbftMessage['kind']>(outcome: Outcome, kind: Kind): QbftMessageOf<Kind>[] {
  return outcome.sent.flatMap(({ message }) => (message.kind === kind ? [message as QbftMessageOf<Kind>] : []));
}

export function isFor(payload: Uint8Array, { digest }: { readonly digest: Uint8Array }): boolean {
  return equalBytes(sha3_256(payload), digest);
}

function read(bytes: Uint8Array): QbftMessage {
  const decoded = decodeQbftMessage(bytes);
  if (!decoded.ok) throw new Error(`an engine sends what it cannot read: ${decoded.reason}`);
  return decoded.value;
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] extends readonly (infer Item)[] ? Item[] : T[Key] };
