import { accept, checkInteger, equalBytes, fromHex, MurmurError, type Result, refuse, toHex } from '@murmuration/core';
import { POINT_BYTES } from '../group/group.ts';

export type ReplayRefusal = 'wrong-verifier' | 'wrong-epoch' | 'nullifier-used' | 'guard-full';

export interface ReplayGuardOptions {
  /** Who we are: 32 bytes, the same that provers are told. */
  readonly verifier: Uint8Array;
  readonly epoch: number;
  /** Nullifiers of this epoch from before a restart: 64 hexadecimal digits each. */
  readonly seen?: Iterable<string>;
  /** Presentations taken in one epoch; then it refuses. @default 65536, 8 MiB */
  readonly maxNullifiers?: number;
}

/** What a presentation says of itself. */
export interface Addressed {
  readonly verifier: Uint8Array;
  readonly epoch: number;
  readonly nullifier: Uint8Array;
}

/** Remembers the nullifiers of one epoch. In memory: who must survive a restart stores `seen` and gives it back. */
export class ReplayGuard {
  readonly verifier: Uint8Array;
  readonly #max: number;
  #epoch: number;
  #seen: Set<string>;

  /** @throws PRIVACY_BAD_NULLIFIERS where `seen` is damaged: what it forgot could be shown again; OPTION_OUT_OF_RANGE */
  constructor({ verifier, epoch, seen = [], maxNullifiers = 65_536 }: ReplayGuardOptions) {
    this.verifier = verifier;
    this.#max = checkInteger('maxNullifiers', maxNullifiers, 1);
    this.#epoch = checkInteger('epoch', epoch, 0);
    this.#seen = new Set(Array.from(seen, written));
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** To be stored. */
  get seen(): readonly string[] {
    return [...this.#seen];
  }

  /** Forgets the nullifiers of the epoch before: presentations for it are refused from now on. */
  advance(epoch: number): void {
    this.#epoch = checkInteger('epoch', epoch, this.#epoch + 1);
    this.#seen = new Set();
  }

  /** Cheap, so it comes before the proof is looked at. */
  check({ verifier, epoch, nullifier }: Addressed): Result<void, ReplayRefusal> {
    if (!equalBytes(verifier, this.verifier)) return refuse('wrong-verifier');
    if (epoch !== this.#epoch) return refuse('wrong-epoch', `${epoch}, now is ${this.#epoch}`);
    if (this.#seen.has(toHex(nullifier))) return refuse('nullifier-used');
    return this.#seen.size < this.#max ? accept(undefined) : refuse('guard-full');
  }

  /** Only once the proof holds: else anyone could use up another's nullifier. */
  record({ nullifier }: Addressed): void {
    this.#seen.add(toHex(nullifier));
  }
}

/** As `record` writes it. */
function written(nullifier: string, index: number): string {
  const bytes = fromHex(nullifier.toLowerCase());
  if (bytes?.length === POINT_BYTES) return toHex(bytes);
  throw new MurmurError({
    code: 'PRIVACY_BAD_NULLIFIERS',
    message: `entry ${index} of the nullifiers seen before is not ${POINT_BYTES} bytes in hexadecimal`,
    remedy: 'give back what `seen` gave, unchanged; where it is lost, start a new epoch',
    facts: { index },
  });
}
