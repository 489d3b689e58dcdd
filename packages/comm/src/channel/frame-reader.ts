import { accept, equalBytes, plainBytes, type Result, refuse } from '@murmuration/core';
import { decodeHeader, type Frame, type Header, LENGTH_BYTES, MAX_FRAME_BYTES } from './frame.ts';

export type FrameReason = 'oversized-frame' | 'malformed-frame' | 'malformed-header';

/**
 * Cuts a byte stream into frames. Holds at most one incomplete frame (33 KiB), so a peer that never
 * finishes one costs no more than that.
 */
export interface FrameReader {
  /** Calls `take` for each whole frame, in order, until it returns false. @returns why the stream is broken, if it is */
  read(bytes: Uint8Array, take: (frame: Frame) => boolean): Result<void, FrameReason>;
}

export function createFrameReader(): FrameReader {
  return new Reader();
}

class Reader implements FrameReader {
  /** The start of a frame whose end has not come yet. */
  private partial = new Uint8Array(0);
  private filled = 0;
  private readonly lengthBytes = new Uint8Array(LENGTH_BYTES);
  /** Neighbouring frames mostly share their header: it is read once. */
  private lastHeaderBytes = new Uint8Array(0);
  private lastHeader: Header | undefined;

  read(given: Uint8Array, take: (frame: Frame) => boolean): Result<void, FrameReason> {
    // Sockets hand out Buffers, whose `slice` does not copy.
    const bytes = plainBytes(given);
    let at = 0;
    while (at < bytes.length) {
      if (this.filled === 0 && bytes.length - at >= LENGTH_BYTES) {
        const rest = readLength(bytes, at);
        if (rest > MAX_FRAME_BYTES) return oversized(rest);
        if (bytes.length - at - LENGTH_BYTES >= rest) {
          const start = at + LENGTH_BYTES;
          at = start + rest;
          const frame = this.parse(bytes.subarray(start, at));
          if (!frame.ok) return frame;
          if (!take(frame.value)) return accept(undefined);
          continue;
        }
      }
      const used = this.fill(bytes, at);
      if (!used.ok) return used;
      at += used.value;
      const frame = this.completed();
      if (frame === undefined) continue;
      if (!frame.ok) return frame;
      if (!take(frame.value)) return accept(undefined);
    }
    return accept(undefined);
  }

  /** Moves bytes into the partial frame, first its length, then the rest. @returns how many it took */
  private fill(bytes: Uint8Array, at: number): Result<number, FrameReason> {
    const available = bytes.length - at;
    if (this.filled < LENGTH_BYTES) {
      const used = Math.min(LENGTH_BYTES - this.filled, available);
      this.lengthBytes.set(bytes.subarray(at, at + used), this.filled);
      this.filled += used;
      if (this.filled < LENGTH_BYTES) return accept(used);
      const rest = readLength(this.lengthBytes, 0);
      if (rest > MAX_FRAME_BYTES) return oversized(rest);
      this.partial = new Uint8Array(rest);
      return accept(used);
    }
    const have = this.filled - LENGTH_BYTES;
    const used = Math.min(this.partial.length - have, available);
    this.partial.set(bytes.subarray(at, at + used), have);
    this.filled += used;
    return accept(used);
  }

  private completed(): Result<Frame, FrameReason> | undefined {
    if (this.filled < LENGTH_BYTES || this.filled - LENGTH_BYTES < this.partial.length) return undefined;
    const body = this.partial;
    this.partial = new Uint8Array(0);
    this.filled = 0;
    return this.parse(body);
  }

  private parse(body: Uint8Array): Result<Frame, FrameReason> {
    const headerLength = body[0];
    if (headerLength === undefined || body.length < 1 + headerLength) {
      return refuse('malformed-frame', `${body.length} bytes do not hold their header`);
    }
    const headerBytes = body.subarray(1, 1 + headerLength);
    const payload = body.subarray(1 + headerLength);
    if (this.lastHeader !== undefined && equalBytes(headerBytes, this.lastHeaderBytes)) {
      return accept({ header: this.lastHeader, payload });
    }
    const header = decodeHeader(headerBytes);
    if (!header.ok) return refuse('malformed-header', header.detail ?? header.reason);
    this.lastHeader = header.value;
    this.lastHeaderBytes = headerBytes.slice();
    return accept({ header: header.value, payload });
  }
}

function readLength(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) * 2 ** 24 +
    (((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number))
  );
}

function oversized(length: number) {
  return refuse('oversized-frame' as const, `a frame of ${length} bytes, at most ${MAX_FRAME_BYTES}`);
}
