import {
  bytesUpTo,
  type Clock,
  type DeviceId,
  decode,
  encode,
  list,
  type MessagePort,
  type Random,
} from '@murmuration/core';
import type { AddressBook } from './address-book.ts';
import { type AddressRecord, MAX_RECORD_BYTES } from './address-record.ts';

/** Topics that begin so belong to comm itself. */
export const ADDRESSES_TOPIC = 'comm/addresses';

/** Records in one message. */
const MAX_RECORDS_PER_MESSAGE = 32;
/** How often the whole book goes to one random peer, so that a lost message does no lasting harm. */
const REPEAT_MS = 30_000;
/** Records that one peer may make us verify between two repeats: 0.5 ms of work each. */
const MAX_RECORDS_PER_PEER = 1024;

const messageSchema = list(bytesUpTo(MAX_RECORD_BYTES), MAX_RECORDS_PER_MESSAGE);

export interface GossipDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly port: MessagePort;
  readonly book: AddressBook;
  onLearned(record: AddressRecord): void;
  count(reason: string): void;
}

/** Spreads address records: the whole book to a new peer, news to all others at once. */
export interface Gossip {
  linked(device: DeviceId): void;
  close(): void;
}

export function startGossip(deps: GossipDeps): Gossip {
  const { clock, random, port, book } = deps;
  const taken = new Map<DeviceId, number>();
  port.onMessage(ADDRESSES_TOPIC, receive);
  let timer = clock.setTimer(REPEAT_MS, repeat);

  function receive(from: DeviceId, payload: Uint8Array): void {
    const message = decode(messageSchema, payload, { maxBytes: MAX_RECORDS_PER_MESSAGE * (MAX_RECORD_BYTES + 8) });
    if (!message.ok) {
      deps.count('malformed-addresses');
      return;
    }
    const news: AddressRecord[] = [];
    for (const received of message.value) {
      const spent = (taken.get(from) ?? 0) + 1;
      if (spent > MAX_RECORDS_PER_PEER) {
        deps.count('too-many-addresses');
        break;
      }
      taken.set(from, spent);
      const added = book.add(received);
      if (added.ok) news.push(added.value);
      else if (added.reason !== 'stale-record' && added.reason !== 'own-record') deps.count(added.reason);
    }
    const others = port.peers().filter((peer) => peer !== from);
    for (const peer of others) send(peer, news);
    for (const record of news) deps.onLearned(record);
  }

  function send(peer: DeviceId, records: readonly AddressRecord[]): void {
    for (let at = 0; at < records.length; at += MAX_RECORDS_PER_MESSAGE) {
      const part = records.slice(at, at + MAX_RECORDS_PER_MESSAGE).map((record) => record.bytes);
      port.send(peer, ADDRESSES_TOPIC, encode(messageSchema, part));
    }
  }

  function repeat(): void {
    taken.clear();
    const peers = port.peers();
    const peer = peers.length === 0 ? undefined : peers[random.below(peers.length)];
    if (peer !== undefined) send(peer, book.all());
    timer = clock.setTimer(REPEAT_MS, repeat);
  }

  return { linked: (device) => send(device, book.all()), close: () => timer.cancel() };
}
