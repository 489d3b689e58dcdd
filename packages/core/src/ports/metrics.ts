/** Counters, gauges and histograms by name; labels have few values. */
export interface Metrics {
  count(name: string, labels?: Labels, by?: number): void;
  gauge(name: string, value: number, labels?: Labels): void;
  /** @param value in the unit that the name ends with (`_ms`, `_bytes`) */
  observe(name: string, value: number, labels?: Labels): void;
}

export type Labels = Readonly<Record<string, string>>;

export const noMetrics: Metrics = { count: () => {}, gauge: () => {}, observe: () => {} };
