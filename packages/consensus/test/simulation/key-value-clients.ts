import type { Random } from '@murmuration/core';
import {
  History,
  type KeyValueInput,
  type KeyValueOutput,
  makePeace,
  type Process,
  unleashChaos,
} from '@murmuration/simulator';
import { decodeBatch, type Liar, maxFaulty } from '../../src/index.ts';
import { Cluster } from '../cluster/cluster.ts';
import type { ReplicaHost } from '../cluster/host.ts';
import { encodeJson, KeyValueMachine, type KeyValueRequest, readReply, readRequest } from '../cluster/key-value.ts';

export interface KeyValueOptions {
  readonly seed: number;
  readonly n?: number;
  readonly liars?: ReadonlyMap<number, Liar>;
  readonly clients?: number;
  readonly chaosMs?: number;
  /** Known bad: a read is answered by one replica from what it holds. @default 'ordered', as every other call */
  readonly reads?: 'ordered' | 'local';
  readonly replay?: string;
}

const KEYS = ['x', 'y'];
const RETRY_MS = 700;
/** A client that has waited for this long calls it a lost answer and goes on under another name. */
const PATIENCE_MS = 6000;

/**
 * A key-value service on PBFT: clients on the same network ask all replicas, and believe f + 1 equal answers. Messages
 * are lost, replicas crash, are cut off and lie. @returns what the clients saw
 */
export async function runKeyValue(
  options: KeyValueOptions,
): Promise<{ cluster: Cluster; history: History<KeyValueInput, KeyValueOutput> }> {
  const { seed, n = 4, liars = new Map<number, Liar>(), chaosMs = 6000 } = options;
  const cluster = new Cluster({
    n,
    seed,
    liars,
    signatures: 'hash',
    faults: { loss: 0.03, duplication: 0.02, reordering: 0.1, maxSkewMs: 200, maxDriftPpm: 300 },
    service: serve,
    ...(options.replay === undefined ? {} : { replay: options.replay }),
  });
  const { world } = cluster;
  const history = new History<KeyValueInput, KeyValueOutput>();
  const overAtMs = chaosMs + 1000;
  for (let i = 0; i < (options.clients ?? 4); i++) {
    new Client(cluster, `client${i}`, history, options.reads ?? 'ordered', overAtMs).start();
  }
  const names = cluster.nodes.map(({ name }) => name);
  const maxDown = maxFaulty(n) - liars.size;
  unleashChaos(world, { untilMs: chaosMs, names, maxDown, everyMs: 400, maxLengthMs: 1200 });
  await world.run({ untilMs: chaosMs });
  makePeace(world);
  await world.run({ untilMs: overAtMs + PATIENCE_MS });
  return { cluster, history };
}

/** What runs on one replica. */
function serve(cluster: Cluster, self: number, process: Process, host: ReplicaHost): (payload: Uint8Array) => void {
  const machine = new KeyValueMachine();
  const lies = cluster.liars.has(self);
  const reply = (client: string, sequence: number, output: KeyValueOutput) => {
    const bytes = encodeJson({ client, sequence, output: lies ? 'a lie' : output });
    process.port.send(cluster.world.node(addressOf(client)).device, 'reply', bytes);
  };
  process.port.onMessage('ask', (_, bytes) => {
    const { client, sequence } = readRequest(bytes) as KeyValueRequest;
    const known = machine.answerTo(client);
    if (known?.sequence === sequence) reply(client, sequence, known.output);
    else host.propose(bytes);
  });
  process.port.onMessage('look', (_, bytes) => {
    const { client, sequence, input } = readRequest(bytes) as KeyValueRequest;
    reply(client, sequence, machine.look(input.key));
  });
  return (payload) => {
    const batch = decodeBatch(payload);
    for (const request of batch.ok ? batch.value.requests : []) {
      const done = machine.apply(request);
      if (done !== undefined) reply(done.client, done.sequence, done.output);
    }
  };
}

/** The node that a client of this name lives on. */
function addressOf(client: string): string {
  return client.split('/')[0] as string;
}

/** Calls, waits for f + 1 equal answers, calls again. */
class Client {
  private readonly cluster: Cluster;
  private readonly address: string;
  private readonly history: History<KeyValueInput, KeyValueOutput>;
  private readonly reads: 'ordered' | 'local';
  private readonly overAtMs: number;
  private readonly random: Random;
  private readonly answers = new Map<number, KeyValueOutput>();
  private name: string;
  private lives = 0;
  private sequence = 0;
  private open: { readonly call: number; readonly local: boolean } | null = null;

  constructor(
    cluster: Cluster,
    address: string,
    history: History<KeyValueInput, KeyValueOutput>,
    reads: 'ordered' | 'local',
    overAtMs: number,
  ) {
    this.cluster = cluster;
    this.address = address;
    this.history = history;
    this.reads = reads;
    this.overAtMs = overAtMs;
    this.name = address;
    this.random = cluster.world.random.fork(address);
  }

  start(): void {
    const { world, keys } = this.cluster;
    const places = new Map(keys.set.replicas.map(({ device }, i) => [device, i]));
    world.node(this.address).port.onMessage('reply', (from, bytes) => this.hear(places.get(from) as number, bytes));
    world.after(this.random.below(50), 'call', () => this.call());
  }

  private call(): void {
    const { world, nodes } = this.cluster;
    if (world.nowMs() >= this.overAtMs) return;
    this.sequence += 1;
    const sequence = this.sequence;
    const input = this.draw();
    const local = input.kind === 'read' && this.reads === 'local';
    const call = this.history.call(this.name, input);
    this.open = { call, local };
    this.answers.clear();
    const bytes = encodeJson({ client: this.name, sequence, input });
    this.cluster.announce(bytes);
    const own = world.node(this.address);
    const ask = () => {
      if (this.open?.call !== call) return;
      const asked = local ? [nodes[this.random.below(nodes.length)] as (typeof nodes)[number]] : nodes;
      for (const { device } of asked) own.port.send(device, local ? 'look' : 'ask', bytes);
      world.after(RETRY_MS, 'ask again', ask);
    };
    ask();
    world.after(PATIENCE_MS, 'give up', () => {
      if (this.open?.call === call) this.giveUp();
    });
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

  private hear(replica: number, bytes: Uint8Array): void {
    const { client, sequence, output } = readReply(bytes);
    if (this.open === null || client !== this.name || sequence !== this.sequence) return;
    this.answers.set(replica, output);
    const equal = [...this.answers.values()].filter((other) => other === output).length;
    if (equal < (this.open.local ? 1 : this.cluster.f + 1)) return;
    this.history.answer(this.open.call, output);
    this.rest();
  }

  private giveUp(): void {
    this.lives += 1;
    this.name = `${this.address}/${this.lives}`;
    this.sequence = 0;
    this.rest();
  }

  private rest(): void {
    this.open = null;
    this.cluster.world.after(this.random.below(60), 'call', () => this.call());
  }
}
