import { finite, type Infer, integer, optional, struct } from '@murmuration/core';

const noiseSchema = struct({
  /** What the whole job may cost one device's data. */
  epsilon: finite,
  delta: finite,
  /** Variance of each member's own share of discrete Gaussian noise, in integer units. */
  variance: integer(1, 2 ** 40),
});

/** What a plan of private rounds says beyond the training: replicas then see sums of groups, and no device's update. */
export const privateRoundsSchema = struct({
  /** Members of a group at least. */
  groupSize: integer(5, 10),
  /** L2 norm that each update is clipped to. */
  clippingNorm: finite,
  /** The clipping norm in integer units: what one integer stands for is clippingNorm / levels. */
  levels: integer(1, 2 ** 16),
  /** Members of one group that may pool what they know with replicas. */
  colluders: integer(0, 8),
  /** Null: masks only. A sum of five updates then says what five updates add up to. */
  noise: optional(noiseSchema),
});

export type PrivateRounds = Infer<typeof privateRoundsSchema>;
export type NoisePromise = Infer<typeof noiseSchema>;

/** @returns what is wrong with the section by itself. Whether enough devices are there, `privateTerms` says */
export function problemOfSection({ clippingNorm, noise }: PrivateRounds): string | undefined {
  const within: readonly [string, number, number, number][] = [
    ['clippingNorm', clippingNorm, 1e-6, 1e6],
    ['epsilon', noise?.epsilon ?? 1, 1e-3, 1e6],
    ['delta', noise?.delta ?? 0.5, 1e-20, 1 - 1e-12],
  ];
  for (const [name, value, min, max] of within) {
    if (!(value >= min && value <= max)) return `${name} of private rounds is ${value}, not from ${min} to ${max}`;
  }
  return undefined;
}
