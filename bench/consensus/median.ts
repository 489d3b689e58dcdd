export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] as number;
}

/** @param share 0 to 1 */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] as number;
}

/** The least and the most, for people. */
export function spread(values: readonly number[]): string {
  return `${values.length} rounds, ${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)}`;
}
