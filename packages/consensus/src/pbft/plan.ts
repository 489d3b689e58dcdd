import { compareBytes, equalBytes } from '@murmuration/core';
import type { Claim, ViewChangeBody } from './messages.ts';

/** What Q view-changes bind a new view to. */
export interface Plan {
  /** The highest stable checkpoint among them. */
  readonly base: number;
  readonly baseDigest: Uint8Array;
  /** For each height above: what was decided, else prepared in the highest view. Heights without one are free. */
  readonly winners: readonly Claim[];
}

/** The rule of the new view, the same for whoever computes it (PBFT §4.4, with decided heights kept as they are). */
export function planOf(bodies: readonly ViewChangeBody[]): Plan {
  let [top] = bodies as [ViewChangeBody];
  for (const body of bodies) if (body.stableHeight > top.stableHeight) top = body;
  const best = new Map<number, Claim>();
  for (const { claims } of bodies) {
    for (const claim of claims) {
      if (claim.height <= top.stableHeight) continue;
      const known = best.get(claim.height);
      if (known === undefined || outranks(claim, known)) best.set(claim.height, claim);
    }
  }
  const winners = [...best.values()].sort((a, b) => a.height - b.height);
  return { base: top.stableHeight, baseDigest: top.stableDigest, winners };
}

/** Decided beats prepared, then the higher view; equal ranks name one digest unless one of them is a lie. */
function outranks(a: Claim, b: Claim): boolean {
  if (a.decided !== b.decided) return a.decided;
  if (a.view !== b.view) return a.view > b.view;
  return compareBytes(a.digest, b.digest) < 0;
}

export function sameClaim(a: Claim, b: Claim): boolean {
  return a.view === b.view && a.decided === b.decided && equalBytes(a.digest, b.digest);
}
