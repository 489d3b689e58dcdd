import { MurmurError, type Random } from '@murmuration/core';

export interface DirichletOptions {
  /** Shards to make, at least 1. */
  readonly clients: number;
  /** Concentration α > 0: 0.1 is severe, 0.5 moderate, 10 near to equal shares. */
  readonly alpha: number;
  readonly random: Random;
}

/**
 * Splits samples so that each class is spread over the clients by a draw of its own from Dir(α, …, α).
 *
 * The draw is Pólya's urn: a sample of a class goes to client k with probability (α + nₖ) / (K·α + n), where
 * n samples of the class are dealt and k holds nₖ of them. That is exactly a Dirichlet draw followed by
 * independent choices, and it needs + × and comparisons only, so a seed gives equal shards on every machine.
 *
 * @param labels class of each sample, ≥ 0
 * @returns for each client its samples in ascending order: an exact partition. A client may get none (likely
 *   for small α or few samples); such a device has nothing to train on and sends no update.
 * @throws DATA_SPLIT
 * @see Hsu et al. 2019, section 3; Blackwell and MacQueen 1973
 */
export function splitDirichlet(labels: ArrayLike<number>, { clients, alpha, random }: DirichletOptions): number[][] {
  checkOptions(clients, alpha);
  const shards: number[][] = Array.from({ length: clients }, () => []);
  const dealt = new Map<number, { counts: number[]; total: number }>();
  for (let sample = 0; sample < labels.length; sample++) {
    const label = labels[sample] as number;
    let urn = dealt.get(label);
    if (urn === undefined) {
      urn = { counts: Array.from({ length: clients }, () => 0), total: 0 };
      dealt.set(label, urn);
    }
    const client = draw(urn.counts, random.unit() * (clients * alpha + urn.total), alpha);
    urn.counts[client] = (urn.counts[client] as number) + 1;
    urn.total++;
    (shards[client] as number[]).push(sample);
  }
  return shards;
}

/** @returns the client in whose stretch of length α + nₖ the point falls */
function draw(counts: readonly number[], point: number, alpha: number): number {
  let left = point;
  for (let client = 0; client < counts.length - 1; client++) {
    left -= alpha + (counts[client] as number);
    if (left < 0) return client;
  }
  return counts.length - 1;
}

function checkOptions(clients: number, alpha: number): void {
  if (Number.isSafeInteger(clients) && clients >= 1 && Number.isFinite(alpha) && alpha > 0) return;
  throw new MurmurError({
    code: 'DATA_SPLIT',
    message: `cannot split over ${clients} clients with alpha ${alpha}`,
    remedy: 'give at least one client and an alpha above 0',
    facts: { clients, alpha },
  });
}
