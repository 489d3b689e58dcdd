export interface QuarantineView {
  readonly device: string;
  /** Kebab case: `equivocation`, `poisoned-updates`, `result-mismatch`, … */
  readonly reason: string;
  /** Null where it rests on no evidence. */
  readonly evidenceId: string | null;
  readonly sinceMs: number;
  /** Null for a permanent ban. */
  readonly untilMs: number | null;
  /** From the provable lie to the quarantine; null where the lie's time is unknown. */
  readonly detectionMs: number | null;
}

export interface EvidenceView {
  /** Hex, 32 characters. */
  readonly id: string;
  readonly kind: string;
  readonly accused: string;
  /** Ledger height that recorded it. */
  readonly height: number;
  readonly atMs: number;
  /** One sentence for a person. */
  readonly summary: string;
}
