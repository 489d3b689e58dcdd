/**
 * An ordered, reliable, authenticated byte stream to one peer: what a transport hands to a channel.
 * Handlers are set once, before the first byte is read.
 */
export interface Wire {
  /** @returns false where the transport's buffer is full: write no more until `onDrain` */
  write(bytes: Uint8Array): boolean;
  listen(handlers: WireHandlers): void;
  /** Stops `onBytes`; the peer is held back by the transport's own flow control. */
  pause(): void;
  resume(): void;
  /** Sends what was written, then closes. `onClose` follows. */
  close(): void;
  /** Closes at once. `onClose` follows. */
  abort(): void;
}

export interface WireHandlers {
  onBytes(bytes: Uint8Array): void;
  onDrain(): void;
  /** Once, whoever closed. Nothing is read or written after it. */
  onClose(): void;
}
