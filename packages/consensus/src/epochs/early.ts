import type { DeviceId } from '@murmuration/core';

/** Messages kept of one device that is in the next epoch already: a few heights of votes and one large batch. */
const MAX_MESSAGES = 64;
const MAX_BYTES = 512 * 1024;

/** Messages of the epoch that begins next, by device, until it begins here. Each device has its own bounds. */
export class EarlyMessages {
  private readonly held = new Map<DeviceId, { readonly messages: Uint8Array[]; bytes: number }>();

  get devices(): readonly DeviceId[] {
    return [...this.held.keys()];
  }

  /** @returns whether there was room. The bytes are copied. */
  add(from: DeviceId, message: Uint8Array): boolean {
    const one = this.held.get(from) ?? { messages: [], bytes: 0 };
    if (one.messages.length >= MAX_MESSAGES || one.bytes + message.length > MAX_BYTES) return false;
    one.messages.push(message.slice());
    one.bytes += message.length;
    this.held.set(from, one);
    return true;
  }

  /** Everything in the order in which it came from each device; forgotten afterwards. */
  take(): readonly { readonly from: DeviceId; readonly message: Uint8Array }[] {
    const all = [...this.held].flatMap(([from, { messages }]) => messages.map((message) => ({ from, message })));
    this.held.clear();
    return all;
  }
}
