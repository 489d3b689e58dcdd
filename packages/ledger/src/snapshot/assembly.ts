import { accept, assert, concatBytes, equalBytes, type Result, refuse } from '@murmuration/core';
import { type Genesis, verifyGenesis } from '../genesis.ts';
import { chainOf, type Ledger, type LedgerOptions, ledgerOf } from '../ledger.ts';
import { pieceCount } from '../state/leaf.ts';
import { createLedgerState, metaOf } from '../state/ledger-state.ts';
import type { StateEntry } from '../state/store.ts';
import { readChunk, type StateChunk } from './chunk.ts';

/** What a state takes at most while it is put together. A chain at every limit of the ledger stays below it. */
const MAX_STATE_BYTES = 256 * 1024 * 1024;

/**
 * A state that comes in chunks, from any number of givers, each chunk checked against the certified root before it
 * counts. An interrupted transfer goes on at `next`, with whoever has the same state.
 */
export interface LedgerAssembly {
  /** Number of the chunk that is wanted, from 0: they come in order. */
  readonly next: number;
  /** All chunks are in. */
  readonly done: boolean;
  /**
   * @param giver named in the refusal
   * @returns refused as `wrong-place`, `wrong-proof`, `complete`, `too-large` or with a reason of decoding; then
   * nothing has changed, and the right chunk can come from another giver
   */
  take(wire: Uint8Array, giver: string): Result<void>;
  /** The whole ledger, once `done`; `incomplete` before. The other reasons are those of `restoreLedger`. */
  ledger(): Result<Ledger>;
}

/**
 * @param root of the state: from a certified checkpoint, the only thing that is trusted
 * @throws LEDGER_GENESIS_INVALID, LEDGER_FEE_POLICY
 */
export function assembleLedger(genesis: Genesis, root: Uint8Array, options: LedgerOptions = {}): LedgerAssembly {
  const chain = chainOf(verifyGenesis(genesis), options);
  const entries: StateEntry[] = [];
  let pieces: Uint8Array[] = [];
  let size = Number.POSITIVE_INFINITY;
  let next = 0;
  let held = 0;

  const add = (chunk: StateChunk): void => {
    size = chunk.size;
    next += 1;
    if (chunk.kind === 'entries') {
      entries.push(...chunk.entries);
      return;
    }
    pieces.push(chunk.bytes);
    if (pieces.length < pieceCount(chunk.leaf.bytes)) return;
    entries.push({ key: chunk.leaf.key, value: concatBytes(...pieces) });
    pieces = [];
  };

  return {
    get next() {
      return next;
    },
    get done() {
      return entries.length === size;
    },
    take: (wire, giver) => {
      const named = (reason: string) => refuse(reason, `chunk ${next} from ${giver}`);
      if (entries.length === size) return named('complete');
      if (held + wire.length > MAX_STATE_BYTES) return named('too-large');
      const read = readChunk(wire, root);
      if (!read.ok) return named(read.reason);
      const chunk = read.value;
      const piece = chunk.kind === 'piece' ? chunk.piece : 0;
      if (chunk.first !== entries.length || piece !== pieces.length) return named('wrong-place');
      held += wire.length;
      add(chunk);
      return accept(undefined);
    },
    ledger: () => {
      if (entries.length !== size) return refuse('incomplete', `${next} chunks`);
      const state = createLedgerState();
      const loaded = state.store.load(entries);
      if (!loaded.ok) return loaded;
      assert(equalBytes(state.store.root(), root), 'leaves that prove themselves under a root give that root');
      if (!equalBytes(metaOf(state).chainId, chain.chainId)) return refuse('foreign-chain');
      return accept(ledgerOf(chain, state));
    },
  };
}
