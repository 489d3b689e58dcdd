import { equalBytes, fromHex, isMurmurError, toHex } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { createWorld, type Faults, type Process, type SimulatedNode, type World } from '@murmuration/simulator';
import { verifyEvidenceBy } from '../../src/evidence/evidence.ts';
import {
  accusedOf,
  type Commit,
  decodeBatch,
  decodeCertificate,
  type Liar,
  maxFaulty,
  type PbftOptions,
  quorum,
  type ReplicaSet,
  readEvidence,
  type SendEffect,
  verifyEvidence,
} from '../../src/index.ts';
import { checkSigners } from '../../src/quorum/certificate.ts';
import { verifyStatement } from '../../src/quorum/statement.ts';
import { ReplicaHost } from './host.ts';
import { createKeys, type Keys } from './keys.ts';
import { type ClusterProtocol, PBFT } from './protocol.ts';

export interface ClusterOptions {
  readonly n: number;
  readonly seed: number;
  /** @default PBFT */
  readonly protocol?: ClusterProtocol;
  readonly faults?: Faults;
  readonly pbft?: PbftOptions;
  /** By replica number. */
  readonly liars?: ReadonlyMap<number, Liar>;
  /** Replicas that run twice, with one key and a disk each, and do not know: faulty, though both copies are correct. */
  readonly twins?: readonly number[];
  /** What runs on top of a replica, made anew at each boot; it takes the blocks. */
  readonly service?: Service;
  readonly signatures?: 'ed25519' | 'hash';
  /** For the known-bad case: a quorum other than the right one. */
  readonly quorum?: number;
  readonly replay?: string;
}

export type Service = (
  cluster: Cluster,
  self: number,
  process: Process,
  host: ReplicaHost,
) => (payload: Uint8Array) => void;

/** n replicas in a world, and everything that must hold of them after every event. */
export class Cluster {
  readonly world: World;
  readonly keys: Keys;
  /** The replica set as the protocol signs for it. */
  readonly chain: ReplicaSet;
  readonly nodes: SimulatedNode[] = [];
  readonly hosts: ReplicaHost[] = [];
  readonly liars: ReadonlyMap<number, Liar>;
  readonly twins: ReadonlySet<number>;
  /** Digest of the payload that was committed first at each height. */
  readonly decided = new Map<number, string>();
  /** When each height was first committed. */
  readonly decidedAtMs = new Map<number, number>();
  readonly submitted = new Map<string, number>();
  readonly committedRequests = new Map<string, number>();
  readonly refusals = new Map<string, number>();
  /** Evidence by who was accused, with the time of the first. */
  readonly accused = new Map<number, number>();
  /** When the honest had first been told two things by one replica where a correct one says one. */
  readonly contradicted = new Map<number, number>();
  /** When evidence against a replica was committed: the swarm isolates it then. */
  readonly isolated = new Map<number, number>();
  /** Replicas that found their disk damaged, and the error's code. They are down for good. */
  readonly refusedToBoot = new Map<number, string>();
  /** Evidence by its class. */
  readonly convictions = new Map<string, number>();
  readonly sentByKind = new Map<string, number>();
  private firstWrong: string | undefined;
  private readonly next: number[] = [];
  private readonly votes = new Map<string, string>();
  /** What was committed first at each height. */
  private readonly first = new Map<number, { readonly payload: Uint8Array; readonly digest: Uint8Array }>();
  /** What the faulty said to any honest replica, by place. */
  private readonly told = new Map<string, string>();
  /** Accused replica of each piece of evidence that was submitted. */
  private readonly charges = new Map<string, number>();
  private readonly q: number;
  private readonly protocol: ClusterProtocol;
  private sequence = 0;

  constructor(options: ClusterOptions) {
    const { n, seed, faults = {}, liars = new Map(), twins = [], replay } = options;
    this.liars = liars;
    this.twins = new Set(twins);
    this.q = options.quorum ?? quorum(n);
    this.protocol = options.protocol ?? PBFT;
    this.keys = createKeys(n, options.signatures);
    this.chain = this.protocol.chain(this.keys.set);
    this.world = createWorld({ seed, faults, promises: false, ...(replay === undefined ? {} : { replay }) });
    this.world.invariant('consensus', () => this.wrong);
    for (let self = 0; self < n; self++) {
      const node = this.world.node(`replica${self}`, this.keys.set.replicas[self]?.device);
      this.nodes.push(node);
      this.run(self, node, options, (host) => {
        this.hosts[self] = host;
      });
    }
    const { checkpointInterval = 64, logWindow = 2 * checkpointInterval } = options.pbft ?? {};
    this.world.after(BOUNDS_EVERY_MS, 'bounds', () => this.checkBounds(6 * logWindow + 8 * n + 64));
    for (const self of twins) this.run(self, this.world.twin(twinName(self), `replica${self}`), options, () => {});
  }

  /** What was found wrong first, in an event; an invariant reads it. */
  private get wrong(): string | undefined {
    return this.firstWrong;
  }

  private set wrong(what: string) {
    this.firstWrong ??= what;
  }

  private run(self: number, node: SimulatedNode, options: ClusterOptions, started: (host: ReplicaHost) => void): void {
    const { keys } = this;
    const signer = keys.signers[self] as Keys['signers'][number];
    node.onBoot((process) => {
      const stopIfDuplicated = !this.isFaulty(self);
      const deps = { replicaSet: keys.set, self, signer, verify: keys.verify, stopIfDuplicated };
      const engine = this.protocol.engine(deps, options.pbft ?? {}, this.q);
      const liar = this.liars.get(self);
      const verifyCommit = (commit: Omit<Commit, 'finality'>) => this.certified(commit);
      const host = new ReplicaHost({ keys, self, process, engine, liar, observer: this, verifyCommit });
      host.onApply = options.service?.(this, self, process, host) ?? host.onApply;
      started(host);
      this.boot(self, node, host);
    });
  }

  /** A replica whose store is damaged does not start: it would have forgotten what it voted. */
  private boot(self: number, node: SimulatedNode, host: ReplicaHost): void {
    try {
      host.start();
    } catch (error) {
      const code = [STORE_DAMAGED, JOURNAL_DAMAGED].find((one) => isMurmurError(error, one));
      if (code === undefined) throw error;
      this.refusedToBoot.set(self, code);
      node.crash();
    }
  }

  /** Whether it lies, or runs twice. */
  isFaulty(self: number): boolean {
    return this.liars.has(self) || this.twins.has(self);
  }

  /** Somebody made this request: it may be committed. @returns its name */
  announce(request: Uint8Array): string {
    const name = toHex(request);
    if (!this.submitted.has(name)) this.submitted.set(name, this.world.nowMs());
    return name;
  }

  /** Submits a new request at a replica. @returns its name */
  submit(at: number): string {
    const bytes = new TextEncoder().encode(`request ${this.sequence++}`);
    const name = this.announce(bytes);
    if (this.nodes[at]?.running) this.hosts[at]?.propose(bytes);
    return name;
  }

  resubmit(at: number, name: string): void {
    this.hosts[at]?.propose(fromHex(name) as Uint8Array);
  }

  get honest(): number[] {
    return this.nodes.map((_, self) => self).filter((self) => !this.isFaulty(self) && !this.refusedToBoot.has(self));
  }

  /** Lowest committed height among the honest. */
  get height(): number {
    return Math.min(...this.honest.map((self) => this.hosts[self]?.engine.status.height ?? 0));
  }

  started(self: number, executed: number): void {
    this.next[self] = executed + 1;
  }

  /** An honest replica says one digest for each (view, height), also across its crashes. */
  sent(self: number, { bytes, to }: SendEffect): void {
    const kind = this.protocol.kindOf(bytes);
    const count = to === 'all' ? this.nodes.length - 1 : 1;
    this.sentByKind.set(kind, (this.sentByKind.get(kind) ?? 0) + count);
    if (this.isFaulty(self)) return;
    const saying = this.protocol.saying(kind, bytes);
    if (saying === undefined) return;
    if (saying === null) {
      this.wrong = `replica ${self} sent a ${kind} that nobody can read`;
      return;
    }
    const place = `${self} ${saying.place}`;
    const said = this.votes.get(place);
    if (said !== undefined && said !== saying.says) this.wrong = `replica ${self} voted twice at ${saying.place}`;
    this.votes.set(place, saying.says);
  }

  /** Labels the faulty by what they do: from when on evidence can be asked for. */
  heard(self: number, from: number, bytes: Uint8Array): void {
    if (this.isFaulty(self) || !this.isFaulty(from) || this.contradicted.has(from)) return;
    const kind = this.protocol.kindOf(bytes);
    const saying = this.protocol.saying(kind, bytes);
    if (saying === undefined || saying === null) return;
    const place = `${from} ${kind} ${saying.place}`;
    const said = this.told.get(place) ?? saying.says;
    if (said !== saying.says) this.contradicted.set(from, this.world.nowMs());
    if (this.told.size < MAX_TOLD) this.told.set(place, said);
  }

  committed(self: number, commit: Commit): void {
    if (this.isFaulty(self)) return;
    const { height, payload } = commit;
    if (height !== this.next[self]) this.wrong = `replica ${self} committed ${height}, not ${this.next[self]}`;
    this.next[self] = height + 1;
    this.agree(height, payload);
    if (!this.certified(commit)) this.wrong = `replica ${self} committed ${height} without a valid certificate`;
  }

  /** What a replica takes from others agrees with what was committed, as its own commits do. */
  installed(self: number, height: number, payload: Uint8Array): void {
    this.next[self] = Math.max(this.next[self] ?? 1, height + 1);
    if (!this.isFaulty(self)) this.agree(height, payload);
  }

  private agree(height: number, payload: Uint8Array): void {
    const known = this.first.get(height)?.payload;
    if (known !== undefined && !equalBytes(known, payload))
      this.wrong = `two payloads are committed at height ${height}`;
    if (known === undefined) this.firstCommit(height, payload);
  }

  /** SHA3-256 of a payload, remembered for those that were committed. */
  private digestOf(height: number, payload: Uint8Array): Uint8Array {
    const first = this.first.get(height);
    return first !== undefined && equalBytes(first.payload, payload) ? first.digest : sha3_256(payload);
  }

  private firstCommit(height: number, payload: Uint8Array): void {
    const digest = sha3_256(payload);
    this.first.set(height, { payload, digest });
    this.decided.set(height, toHex(digest));
    this.decidedAtMs.set(height, this.world.nowMs());
    const batch = decodeBatch(payload);
    if (!batch.ok) {
      this.wrong = `height ${height} is no batch`;
      return;
    }
    for (const request of batch.value.requests) {
      const name = toHex(request);
      if (!this.submitted.has(name)) this.wrong = `nobody submitted a request of height ${height}`;
      if (!this.committedRequests.has(name)) this.committedRequests.set(name, this.world.nowMs());
      const charged = this.charges.get(name);
      if (charged !== undefined && !this.isolated.has(charged)) this.isolated.set(charged, this.world.nowMs());
    }
  }

  /** The rule of `verifyCommit`, with the signatures and the quorum of this cluster. */
  private certified(commit: Omit<Commit, 'finality'>): boolean {
    const own = this.protocol.certified;
    if (own !== undefined) return own(this.chain, this.q, this.keys.verify, commit);
    const { height, payload, certificate } = commit;
    const decoded = decodeCertificate(certificate);
    if (!decoded.ok) return false;
    const { epoch, view, signatures } = decoded.value;
    const statement = { phase: 'commit', epoch, view, height, digest: this.digestOf(height, payload) } as const;
    const { verify } = this.keys;
    const set = this.chain;
    return checkSigners(signatures, set.replicas.length, this.q, ({ replica, signature }) =>
      verifyStatement(verify, set.chainId, statement, signature, set.replicas[replica]?.key as Uint8Array),
    ).ok;
  }

  evidence(self: number, evidence: Uint8Array): void {
    const read = readEvidence(evidence);
    if (!read.ok) {
      this.wrong = `replica ${self} emitted bad evidence: ${read.reason}`;
      return;
    }
    const accused = accusedOf(read.value).replica;
    if (!this.accused.has(accused)) this.accused.set(accused, this.world.nowMs());
    if (!this.isFaulty(accused)) this.wrong = `honest replica ${accused} is accused`;
    const { verify } = this.keys;
    const set = this.chain;
    const key = set.replicas[accused]?.key as Uint8Array;
    const by = { chainId: set.chainId, keyOfAccused: key, verify, replicaSet: set, quorum: this.q };
    const judged = verifyEvidenceBy(evidence, by);
    if (!judged.ok) this.wrong = `evidence against replica ${accused} does not verify: ${judged.reason}`;
    else this.convictions.set(judged.value.class, (this.convictions.get(judged.value.class) ?? 0) + 1);
    if (verify.name === 'ed25519Verify' && !verifyEvidence(evidence, key, set.chainId, { replicaSet: set }).ok)
      this.wrong = 'evidence fails offline';
    if (!this.isFaulty(self) && !this.isolated.has(accused)) this.charge(self, accused, evidence);
  }

  /** The replica that found evidence has it committed, as the swarm does. */
  private charge(self: number, accused: number, evidence: Uint8Array): void {
    this.charges.set(this.announce(evidence), accused);
    this.hosts[self]?.propose(evidence);
  }

  /** What a replica keeps on disk stays within a few records for each height of its window. */
  private checkBounds(maxRecords: number): void {
    for (const self of this.honest) {
      const records = this.nodes[self]?.running ? this.journalSize(self) : 0;
      if (records > maxRecords) this.wrong = `replica ${self} keeps ${records} records, more than ${maxRecords}`;
      const { pending } = this.hosts[self]?.engine.status ?? { pending: 0 };
      if (pending > MAX_PENDING) this.wrong = `replica ${self} keeps ${pending} requests, more than ${MAX_PENDING}`;
    }
    this.world.after(BOUNDS_EVERY_MS, 'bounds', () => this.checkBounds(maxRecords));
  }

  refused(_: number, reason: string): void {
    this.refusals.set(reason, (this.refusals.get(reason) ?? 0) + 1);
  }

  duplicated(self: number, height: number): void {
    if (!this.isFaulty(self)) this.wrong = `replica ${self} takes its own vote at ${height} for another's`;
  }

  diverged(self: number, height: number): void {
    if (!this.isFaulty(self)) this.wrong = `replica ${self} diverged at ${height}`;
  }

  /** Runs until every request in `names` is committed and all honest replicas are level, or fails by then. */
  async settle(names: readonly string[], withinMs: number): Promise<void> {
    const deadlineMs = this.world.nowMs() + withinMs;
    const pending = new Set(names);
    const done = () => {
      for (const name of pending) if (this.committedRequests.has(name)) pending.delete(name);
      return pending.size === 0 && this.height === this.decided.size;
    };
    await this.world.run({ untilMs: deadlineMs, until: done });
    if (done()) return;
    const states = this.hosts.map(({ engine }) => JSON.stringify(engine.status)).join('\n');
    throw new Error(
      `seed ${this.world.seed}: ${pending.size} requests wait, heights differ after ${withinMs} ms\n${states}`,
    );
  }

  /** Journal entries of one replica on disk. */
  journalSize(self: number): number {
    return this.nodes[self]?.disk.scan('engine/').length ?? 0;
  }

  /** f of this cluster. */
  get f(): number {
    return maxFaulty(this.nodes.length);
  }
}

const STORE_DAMAGED = 'STORE_DAMAGED';
const JOURNAL_DAMAGED = 'CONSENSUS_JOURNAL_DAMAGED';
const MAX_TOLD = 65_536;
const BOUNDS_EVERY_MS = 5000;
/** The pool's default for each of the replicas that bring requests; no test has more than ten. */
const MAX_PENDING = 10 * 2048;

/** The name of the second machine of a replica that runs twice. */
export function twinName(self: number): string {
  return `replica${self}twin`;
}
