import type { CommHost } from '@murmuration/comm';
import { type DeviceId, decode, toHex } from '@murmuration/core';
import { REPLICAS, REPLIES_WANTED, REPLY_TOPIC, type Reply, replySchema, SUBMIT_TOPIC } from './swarm-world.ts';
import { numberOf } from './transactions.ts';

/** A transaction that nobody answered for this long goes to all replicas. */
const RESEND_MS = 1000;

export interface CommittedBlock {
  readonly height: number;
  readonly view: number;
  readonly transactions: number;
  /** When f + 1 replicas had told the client. */
  readonly atMs: number;
}

interface Pending {
  readonly bytes: Uint8Array;
  readonly sinceMs: number;
  sentMs: number;
}

/** Submits as a PBFT client does: to one replica, to all where it stays without an answer; f + 1 equal replies settle. */
export class Client {
  readonly blocks: CommittedBlock[] = [];
  /** From when a transaction was due to its block, in milliseconds. */
  readonly latenciesMs: number[] = [];
  committed = 0;
  onCommitted: () => void = () => {};
  private readonly host: CommHost;
  private readonly devices: readonly DeviceId[];
  private readonly pending = new Map<number, Pending>();
  /** By height and state: who has told so. */
  private readonly told = new Map<string, { readonly reply: Reply; readonly by: Set<DeviceId> }>();
  private readonly settled = new Set<number>();
  private readonly timer: NodeJS.Timeout;

  constructor(host: CommHost, devices: readonly DeviceId[]) {
    this.host = host;
    this.devices = devices;
    host.port.onMessage(REPLY_TOPIC, (from, bytes) => this.hear(from, bytes));
    this.timer = setInterval(() => this.resend(), RESEND_MS / 4);
  }

  get outstanding(): number {
    return this.pending.size;
  }

  get view(): number {
    return this.blocks.at(-1)?.view ?? 0;
  }

  /** @param to a replica. @param sinceMs when it was due: an open loop that lags counts its own delay too */
  submit(transaction: Uint8Array, to = this.view % REPLICAS, sinceMs = performance.now()): void {
    this.pending.set(numberOf(transaction), { bytes: transaction, sinceMs, sentMs: performance.now() });
    this.host.port.send(this.devices[to] as DeviceId, SUBMIT_TOPIC, transaction);
  }

  close(): void {
    clearInterval(this.timer);
  }

  private resend(): void {
    const nowMs = performance.now();
    for (const pending of this.pending.values()) {
      if (nowMs - pending.sentMs < RESEND_MS) continue;
      pending.sentMs = nowMs;
      for (const device of this.devices) this.host.port.send(device, SUBMIT_TOPIC, pending.bytes);
    }
  }

  private hear(from: DeviceId, bytes: Uint8Array): void {
    const reply = decode(replySchema, bytes);
    if (!reply.ok || this.settled.has(reply.value.height)) return;
    const name = `${reply.value.height} ${toHex(reply.value.stateRoot)}`;
    const told = this.told.get(name) ?? { reply: reply.value, by: new Set() };
    this.told.set(name, told);
    told.by.add(from);
    if (told.by.size >= REPLIES_WANTED) this.settle(name, told.reply);
  }

  private settle(name: string, { height, view, transactions }: Reply): void {
    const atMs = performance.now();
    this.told.delete(name);
    this.settled.add(height);
    this.blocks.push({ height, view, transactions: transactions.length, atMs });
    for (const number of transactions) {
      const pending = this.pending.get(number);
      if (pending === undefined) continue;
      this.pending.delete(number);
      this.latenciesMs.push(atMs - pending.sinceMs);
      this.committed += 1;
    }
    this.onCommitted();
  }
}
