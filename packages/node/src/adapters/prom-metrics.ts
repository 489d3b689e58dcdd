import type { Labels, Metrics } from '@murmuration/core';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Upper bounds by the unit that a name ends with. */
const BUCKETS = {
  ms: [1, 2, 5, 10, 20, 50, 100, 150, 250, 500, 1000, 2500, 5000, 10_000],
  bytes: [256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304],
};

export interface PromMetrics extends Metrics {
  /** The Prometheus text format. */
  text(): Promise<string>;
}

/** Metrics in prom-client, every name under `murmur_`. A name's labels are those of its first use. */
export function promMetrics(): PromMetrics {
  const registry = new Registry();
  const counters = new Map<string, Counter>();
  const gauges = new Map<string, Gauge>();
  const histograms = new Map<string, Histogram>();
  return {
    count: (name, labels = {}, by = 1) => {
      const make = () => new Counter({ ...describe(name, labels), registers: [registry] });
      ensure(counters, name, make).inc(labels, by);
    },
    gauge: (name, value, labels = {}) => {
      const make = () => new Gauge({ ...describe(name, labels), registers: [registry] });
      ensure(gauges, name, make).set(labels, value);
    },
    observe: (name, value, labels = {}) => {
      const buckets = name.endsWith('_bytes') ? BUCKETS.bytes : BUCKETS.ms;
      const make = () => new Histogram({ ...describe(name, labels), buckets, registers: [registry] });
      ensure(histograms, name, make).observe(labels, value);
    },
    text: () => registry.metrics(),
  };
}

function describe(name: string, labels: Labels) {
  return { name: `murmur_${name}`, help: name.replaceAll('_', ' '), labelNames: Object.keys(labels) };
}

function ensure<T>(all: Map<string, T>, name: string, make: () => T): T {
  const known = all.get(name);
  if (known !== undefined) return known;
  const made = make();
  all.set(name, made);
  return made;
}
