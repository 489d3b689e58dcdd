import type { Wire, WireHandlers } from './wire.ts';

/** Bytes that one direction holds before `write` answers false. */
const HIGH_WATER_BYTES = 1024 * 1024;

/** Two ends of one stream in memory. Bytes arrive in a later microtask, in order. */
export function memoryWirePair(): readonly [Wire, Wire] {
  const a = new MemoryWire();
  const b = new MemoryWire();
  a.other = b;
  b.other = a;
  return [a, b];
}

class MemoryWire implements Wire {
  other: MemoryWire | undefined;
  private handlers: WireHandlers | undefined;
  private inbox: Uint8Array[] = [];
  private inboxBytes = 0;
  private paused = false;
  private scheduled = false;
  private state: 'open' | 'closing' | 'closed' = 'open';

  write(bytes: Uint8Array): boolean {
    const other = this.other;
    if (this.state !== 'open' || other === undefined) return false;
    other.inbox.push(bytes);
    other.inboxBytes += bytes.length;
    other.schedule();
    return other.inboxBytes < HIGH_WATER_BYTES;
  }

  listen(handlers: WireHandlers): void {
    this.handlers = handlers;
    this.schedule();
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    this.schedule();
  }

  close(): void {
    if (this.state !== 'open') return;
    this.state = 'closing';
    this.other?.schedule();
    this.schedule();
  }

  abort(): void {
    this.inbox = [];
    if (this.other !== undefined) this.other.inbox = [];
    this.close();
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    queueMicrotask(() => {
      this.scheduled = false;
      this.pump();
    });
  }

  private pump(): void {
    const handlers = this.handlers;
    if (handlers === undefined || this.state === 'closed') return;
    const wasFull = this.inboxBytes >= HIGH_WATER_BYTES;
    while (!this.paused && this.state === 'open') {
      const bytes = this.inbox.shift();
      if (bytes === undefined) break;
      this.inboxBytes -= bytes.length;
      handlers.onBytes(bytes);
    }
    if (wasFull && this.inboxBytes < HIGH_WATER_BYTES) this.other?.handlers?.onDrain();
    const over = this.state === 'closing' || (this.inbox.length === 0 && this.other?.state !== 'open');
    if (!over) return;
    this.state = 'closed';
    this.other?.schedule();
    handlers.onClose();
  }
}
