import { type Finding, verifyEvidence } from '@murmuration/sdk';
import type { EvidenceView } from '../api/views.ts';
import { nameOfFact } from '../format/words.ts';
import type { Outcome } from './verification-result.tsx';

/**
 * Checks `bundle` with nothing but its own bytes and the chain it must belong to, then that it proves what the
 * ledger's entry says: a true proof of something else would be no answer.
 */
export function verifyBundle(bundle: Uint8Array, claimed: EvidenceView, chainId: string): Outcome {
  const startMs = performance.now();
  const result = verifyEvidence(bundle, { chainId });
  const size = bundle.length;
  if (!result.ok) return { kind: 'refused', reason: result.reason, detail: result.detail ?? '', size };
  const other = mismatch(result.value, claimed);
  if (other !== undefined) return { kind: 'refused', reason: 'proves-something-else', detail: other, size };
  const { summary, facts, kind, id } = result.value;
  return {
    kind: 'verified',
    summary,
    facts: [
      ['Offence', id],
      ['Kind', kind],
      ['Accused', result.value.accused],
      ...Object.entries(facts).map(([name, value]) => [nameOfFact(name), String(value)] as const),
    ],
    size,
    tookMs: performance.now() - startMs,
  };
}

function mismatch(found: Finding, claimed: EvidenceView): string | undefined {
  for (const key of ['id', 'kind', 'accused'] as const) {
    if (found[key] !== claimed[key]) return `its ${key} is ${found[key]}, the ledger’s entry says ${claimed[key]}`;
  }
  return undefined;
}
