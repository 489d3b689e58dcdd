/** What a search for a smaller failure may spend. */
export interface ShrinkBudget {
  /** Runs left; each try takes one. */
  runs: number;
}

/**
 * The smallest part of a list that still fails, as far as the budget goes: first halves, then quarters, down to
 * single items, each left out in turn. Where the budget suffices, no single item of the result can be left out.
 *
 * @param fails whether the failure is still there with these items alone, in their order
 * @see Zeller and Hildebrandt, Simplifying and Isolating Failure-Inducing Input (2002)
 */
export async function shrinkList<T>(
  items: readonly T[],
  fails: (items: readonly T[]) => Promise<boolean>,
  budget: ShrinkBudget,
): Promise<readonly T[]> {
  let kept = items;
  let parts = 2;
  while (kept.length > 0 && budget.runs > 0) {
    const size = Math.ceil(kept.length / parts);
    const smaller = await withoutOnePart(kept, size, fails, budget);
    if (smaller !== undefined) {
      kept = smaller;
      parts = Math.max(parts - 1, 2);
    } else if (size === 1) break;
    else parts = Math.min(2 * parts, kept.length);
  }
  return kept;
}

async function withoutOnePart<T>(
  items: readonly T[],
  size: number,
  fails: (items: readonly T[]) => Promise<boolean>,
  budget: ShrinkBudget,
): Promise<readonly T[] | undefined> {
  for (let at = 0; at < items.length && budget.runs > 0; at += size) {
    const rest = [...items.slice(0, at), ...items.slice(at + size)];
    budget.runs -= 1;
    if (await fails(rest)) return rest;
  }
  return undefined;
}

/** The first of some simpler forms that still fails, or none. */
export async function firstThatFails<T>(
  simpler: Iterable<T>,
  fails: (one: T) => Promise<boolean>,
  budget: ShrinkBudget,
): Promise<T | undefined> {
  for (const one of simpler) {
    if (budget.runs <= 0) return undefined;
    budget.runs -= 1;
    if (await fails(one)) return one;
  }
  return undefined;
}
