import { accept, equalBytes, type Result, refuse } from '@murmuration/core';
import { type Genesis, verifyGenesis } from '../genesis.ts';
import { chainOf, type Ledger, type LedgerOptions, ledgerOf } from '../ledger.ts';
import { createLedgerState } from '../state/ledger-state.ts';
import { decodeSnapshot } from './snapshot.ts';

/**
 * A ledger from a snapshot that anyone may have sent.
 * @param expectedRoot from a certified checkpoint: the only thing that is trusted
 * @returns the ledger, with that root; refused as `foreign-chain`, `wrong-root`, `not-sorted`, `unknown-table`,
 * `bad-entry`, or with a reason of decoding
 * @throws LEDGER_GENESIS_INVALID, LEDGER_FEE_POLICY for what is the caller's own
 */
export function restoreLedger(
  genesis: Genesis,
  snapshot: Uint8Array,
  expectedRoot: Uint8Array,
  options: LedgerOptions = {},
): Result<Ledger> {
  const chain = chainOf(verifyGenesis(genesis), options);
  const decoded = decodeSnapshot(snapshot);
  if (!decoded.ok) return decoded;
  const { chainId, height, entries } = decoded.value;
  if (!equalBytes(chainId, chain.chainId)) return refuse('foreign-chain');
  const state = createLedgerState();
  const loaded = state.store.load(entries);
  if (!loaded.ok) return loaded;
  if (!equalBytes(state.store.root(), expectedRoot)) return refuse('wrong-root', `of height ${height}`);
  const ledger = ledgerOf(chain, state);
  return ledger.height === height ? accept(ledger) : refuse('wrong-height', `${ledger.height}, not ${height}`);
}
