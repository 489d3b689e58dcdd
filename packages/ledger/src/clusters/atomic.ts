import { decodeCanonical, equalBytes, refuse, toHex } from '@murmuration/core';
import type { AtomicPrepare, AtomicResolve } from '../commands/command.ts';
import { MAX_ATOMICS_PER_DEVICE } from '../limits.ts';
import { isQuarantined } from '../quarantine/quarantine.ts';
import type { Refusal } from '../refusal.ts';
import { META_KEY, metaSchema } from '../state/ledger-state.ts';
import { decodeStateAnswer, verifyStateAnswer } from '../state/proof.ts';
import type { Sent, Turn } from '../turn.ts';
import { type AtomicView, resolveAtomic } from './rule.ts';
import { type AtomicEntry, type AtomicTerms, atomicId, atomicSchema } from './schema.ts';

/** Binds this cluster to a deal with another: from here on it goes as the rule says, and no other way. */
export function prepareAtomic(turn: Turn, { sender, command }: Sent<AtomicPrepare>): Refusal {
  const { terms } = command;
  const { atomics, atomicCounts, clusters } = turn.state;
  if (isQuarantined(turn.state, sender.device)) return refuse('quarantined');
  const other = otherThan(turn, terms);
  if (other === undefined) return refuse('not-a-party');
  if (clusters.get(toHex(other))?.trusted !== true) return refuse('unknown-cluster');
  if (roleIn(turn, terms) === 'coordinator' && turn.nowMs >= terms.deadlineMs) return refuse('deadline-passed');
  const id = toHex(atomicId(terms));
  if (atomics.get(id) !== undefined) return refuse('already-prepared');
  const count = atomicCounts.get(sender.device) ?? 0;
  if (count >= MAX_ATOMICS_PER_DEVICE) return refuse('too-many-deals');
  atomicCounts.set(sender.device, count + 1);
  const { height: preparedHeight } = turn;
  atomics.set(id, { terms, state: 'prepared', preparedBy: sender.device, preparedHeight, resolvedHeight: 0 });
  turn.emit({ kind: 'atomic-prepared', id, digest: terms.digest });
  return null;
}

/** Anyone shows what the other cluster says of a deal, or that its time is up here; the rule decides. */
export function resolveDeal(turn: Turn, { command }: Sent<AtomicResolve>): Refusal {
  const id = toHex(command.id);
  const entry = turn.state.atomics.get(id);
  if (entry === undefined) return refuse('unknown-deal');
  if (entry.state !== 'prepared') return refuse('already-resolved');
  const shown = command.proof === null ? null : readProof(turn, entry.terms, id, command.proof);
  if (shown === 'unknown-state' || shown === 'bad-proof') return refuse(shown);
  const { deadlineMs } = entry.terms;
  const role = roleIn(turn, entry.terms);
  const verdict = resolveAtomic({ role, deadlineMs, nowMs: turn.nowMs, other: shown });
  if (verdict === 'undecided') return refuse('undecided');
  const state = verdict === 'commit' ? 'committed' : 'aborted';
  turn.state.atomics.set(id, { ...entry, state, resolvedHeight: turn.height });
  turn.emit({ kind: 'atomic-resolved', id, digest: entry.terms.digest, committed: verdict === 'commit' });
  return null;
}

function roleIn(turn: Turn, { coordinator }: AtomicTerms): AtomicView['role'] {
  return equalBytes(coordinator, turn.chain.chainId) ? 'coordinator' : 'participant';
}

/** The other party, undefined where this chain is none, or both. */
function otherThan({ chain }: Turn, { coordinator, participant }: AtomicTerms): Uint8Array | undefined {
  const [leads, follows] = [coordinator, participant].map((one) => equalBytes(one, chain.chainId));
  if (leads === follows) return undefined;
  return leads === true ? participant : coordinator;
}

/** What a certified state of the other cluster holds under the deal's name, and its block time. */
function readProof(
  turn: Turn,
  terms: AtomicTerms,
  id: string,
  proof: NonNullable<AtomicResolve['proof']>,
): AtomicView['other'] | 'unknown-state' | 'bad-proof' {
  const other = otherThan(turn, terms) as Uint8Array;
  const followed = turn.state.clusters.get(toHex(other))?.followed;
  const known = followed?.recent.find(({ height }) => height === proof.height);
  if (known === undefined || followed?.forked !== false) return 'unknown-state';
  const deal = readLeaf(`atomic/${id}`, proof.deal, known.stateDigest);
  const chain = readLeaf(`meta/${META_KEY}`, proof.chain, known.stateDigest);
  if (deal === undefined || chain === undefined || chain === null) return 'bad-proof';
  const meta = decodeCanonical(metaSchema, chain);
  const entry = deal === null ? null : decodeCanonical(atomicSchema, deal);
  if (!meta.ok || entry?.ok === false) return 'bad-proof';
  const state: AtomicEntry['state'] | 'absent' = entry === null ? 'absent' : entry.value.state;
  return { state, timeMs: meta.value.timeMs };
}

/** @returns the value under `key`, null where the state holds none, undefined where this does not show it */
function readLeaf(key: string, wire: Uint8Array, stateDigest: Uint8Array): Uint8Array | null | undefined {
  const answer = decodeStateAnswer(wire);
  if (!answer.ok) return undefined;
  const shown = verifyStateAnswer(key, answer.value, stateDigest);
  return shown.ok ? shown.value : undefined;
}
