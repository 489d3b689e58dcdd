import type { Random } from '@murmuration/core';
import { History, type KeyValueInput, type KeyValueOutput } from '@murmuration/simulator';
import { encodeJson, KeyValueMachine, type KeyValueReply } from '../cluster/key-value.ts';
import { Cluster, type Faults } from './cluster.ts';

export interface KeyValueOptions {
  readonly seed: number;
  readonly faults?: Faults;
  readonly clients?: number;
  readonly turns?: number;
  /** Known bad: a member answers reads at once from what it holds. @default 'read-index' */
  readonly reads?: 'read-index' | 'local';
}

const MEMBERS = 5;
const KEYS = ['x', 'y'];
const RETRY_MS = 400;
const PATIENCE_MS = 3000;
const FAULTS: Faults = { loss: 0.05, duplication: 0.05, maxDelayMs: 20, crash: 0.0005, amnesia: false };

/** A key-value service on Raft, its reads by ReadIndex. @returns what the clients saw among faults and partitions */
export function runRaftKeyValue(options: KeyValueOptions): {
  cluster: Cluster;
  history: History<KeyValueInput, KeyValueOutput>;
} {
  const service = new KeyValueService(options.reads ?? 'read-index');
  const { seed, faults = FAULTS, turns = 40 } = options;
  const cluster = new Cluster(MEMBERS, `key-value ${seed}`, { faults, service });
  service.cluster = cluster;
  const history = new History<KeyValueInput, KeyValueOutput>();
  const clients = Array.from({ length: options.clients ?? 4 }, (_, i) => {
    return new Client(cluster, service, `client${i}`, history);
  });
  cluster.elect();
  for (const client of clients) client.call();
  const { random } = cluster;
  for (let turn = 0; turn < turns; turn++) {
    const sides = cluster.members.map(() => random.below(2));
    const oneWay = random.below(3) === 0;
    const whole = random.below(3) === 0;
    cluster.cut = (from, to) => !whole && sides[from] !== sides[to] && (!oneWay || sides[from] === 0);
    if (random.below(4) === 0) cluster.compact(random.below(MEMBERS));
    cluster.run(50 + random.below(400));
  }
  for (const client of clients) client.retired = true;
  cluster.heal();
  cluster.run(PATIENCE_MS);
  return { cluster, history };
}

/** The state machine of each member, and who waits for what at it. */
class KeyValueService {
  cluster: Cluster | undefined;
  readonly machines = Array.from({ length: MEMBERS }, () => new KeyValueMachine());
  readonly reads: 'read-index' | 'local';
  /** Reads under way, by their number. */
  private readonly asked = new Map<number, { readonly key: string; readonly answer: (value: string | null) => void }>();
  private readonly listeners: ((i: number, reply: KeyValueReply) => void)[] = [];
  private nextRead = 0;

  constructor(reads: 'read-index' | 'local') {
    this.reads = reads;
  }

  onReply(listener: (i: number, reply: KeyValueReply) => void): void {
    this.listeners.push(listener);
  }

  read(i: number, key: string, answer: (value: string | null) => void): void {
    const { cluster, machines } = this;
    const engine = cluster?.at(i).engine;
    if (cluster === undefined || engine === null || engine === undefined) return;
    if (this.reads === 'local') {
      answer((machines[i] as KeyValueMachine).look(key));
      return;
    }
    const id = this.nextRead++;
    this.asked.set(id, { key, answer });
    cluster.step(i, { kind: 'read', nowMs: cluster.nowMs, id });
  }

  applied(i: number, request: Uint8Array): void {
    const reply = (this.machines[i] as KeyValueMachine).apply(request);
    if (reply !== undefined) for (const listener of this.listeners) listener(i, reply);
  }

  snapshot(i: number): string {
    return (this.machines[i] as KeyValueMachine).snapshot();
  }

  installed(i: number, snapshot: string): void {
    this.machines[i]?.restore(snapshot);
  }

  readable(i: number, id: number): void {
    const read = this.asked.get(id);
    this.asked.delete(id);
    if (read !== undefined) read.answer((this.machines[i] as KeyValueMachine).look(read.key));
  }

  readRefused(_: number, id: number): void {
    this.asked.delete(id);
  }
}

/** Asks one member after the other until one answers. */
class Client {
  /** Makes no more calls. */
  retired = false;
  private readonly cluster: Cluster;
  private readonly service: KeyValueService;
  private readonly home: string;
  private readonly history: History<KeyValueInput, KeyValueOutput>;
  private readonly random: Random;
  private name: string;
  private lives = 0;
  private sequence = 0;
  private open: { readonly call: number; at: number } | null = null;

  constructor(
    cluster: Cluster,
    service: KeyValueService,
    name: string,
    history: History<KeyValueInput, KeyValueOutput>,
  ) {
    this.cluster = cluster;
    this.service = service;
    this.home = name;
    this.name = name;
    this.history = history;
    this.random = cluster.random.fork(name);
    service.onReply((i, { client, sequence, output }) => {
      if (this.open?.at !== i || client !== this.name || sequence !== this.sequence) return;
      this.hear(this.open.call, output);
    });
  }

  call(): void {
    if (this.retired) return;
    this.sequence += 1;
    const input = this.draw();
    const call = this.history.call(this.name, input);
    this.open = { call, at: -1 };
    const bytes = encodeJson({ client: this.name, sequence: this.sequence, input });
    const ask = () => {
      if (this.open?.call !== call) return;
      const at = this.random.below(MEMBERS);
      this.open.at = at;
      this.cluster.later(1 + this.random.below(10), () => this.ask(call, at, input, bytes));
      this.cluster.later(RETRY_MS, ask);
    };
    ask();
    this.cluster.later(PATIENCE_MS, () => this.giveUp(call));
  }

  private ask(call: number, at: number, input: KeyValueInput, bytes: Uint8Array): void {
    if (this.open?.call !== call || this.cluster.at(at).engine === null) return;
    if (input.kind === 'read') {
      this.service.read(at, input.key, (value) => this.hear(call, value));
      return;
    }
    const known = this.service.machines[at]?.answerTo(this.name);
    if (known?.sequence === this.sequence) this.hear(call, known.output);
    else this.cluster.step(at, { kind: 'propose', nowMs: this.cluster.nowMs, request: bytes });
  }

  private draw(): KeyValueInput {
    const { random } = this;
    const key = KEYS[random.below(KEYS.length)] as string;
    const value = `${this.name} ${this.sequence}`;
    const kind = random.below(5);
    if (kind < 2) return { kind: 'read', key };
    if (kind < 4) return { kind: 'write', key, value };
    return { kind: 'swap', key, expected: random.below(2) === 0 ? null : `client0 ${random.below(9)}`, value };
  }

  /** The answer is on its way back; some are lost. */
  private hear(call: number, output: KeyValueOutput): void {
    if (this.random.below(20) === 0) return;
    this.cluster.later(1 + this.random.below(10), () => {
      if (this.open?.call !== call) return;
      this.history.answer(call, output);
      this.rest();
    });
  }

  private giveUp(call: number): void {
    if (this.open?.call !== call) return;
    this.lives += 1;
    this.name = `${this.home}/${this.lives}`;
    this.sequence = 0;
    this.rest();
  }

  private rest(): void {
    this.open = null;
    this.cluster.later(this.random.below(40), () => this.call());
  }
}
