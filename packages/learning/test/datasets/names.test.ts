import { describe, expect, test } from 'vitest';
import {
  checkDataset,
  classCounts,
  type Dataset,
  defaultNamesOptions,
  defaultPlan,
  loadData,
  loadNames,
  runtimeVersions,
} from '../../src/index.ts';

const names = loadNames({ ...defaultNamesOptions, versions: runtimeVersions() });

describe('names of regions, languages, scripts and currencies', () => {
  test('about 12,500 strings in 20 languages, 15 % held back, majority about 0.07', () => {
    const { train, test: held, manifest } = names;
    checkDataset(train);
    checkDataset(held);
    expect(manifest.samples).toBeGreaterThan(11_500);
    expect(manifest.samples).toBeLessThan(13_500);
    expect(train.size + held.size).toBe(manifest.samples);
    expect(held.size / manifest.samples).toBeCloseTo(0.15, 3);
    expect(manifest.majorityBaseline).toBeCloseTo(0.07, 2);
    expect(train.classes).toHaveLength(20);
    expect(Math.min(...classCounts(train))).toBeGreaterThan(200);
    expect(manifest.versions).toEqual(runtimeVersions());
  });

  test('the same names and split again; another split for another seed; one digest for both', () => {
    const again = loadNames(defaultNamesOptions);
    const other = loadNames({ ...defaultNamesOptions, seed: 2 });
    expect(again.train).toEqual(names.train);
    expect(other.test.labels).not.toEqual(names.test.labels);
    expect(other.manifest.digest).toBe(names.manifest.digest);
  });

  test('a plan that pins another digest is refused, naming the versions', () => {
    const pinned = { ...defaultNamesOptions, versions: { icu: '78.3' } };
    expect(loadNames({ ...pinned, digest: names.manifest.digest }).train.size).toBe(names.train.size);
    expect(() => loadNames({ ...pinned, digest: '00' })).toThrow(expect.objectContaining({ code: 'DATA_DIFFERS' }));
    expect(() => loadNames({ ...pinned, digest: '00' })).toThrow(/icu 78\.3/);
  });

  test('a language without names and other code lists are refused', () => {
    expect(() => loadNames({ ...defaultNamesOptions, languages: ['en', 'tlh'] })).toThrow(
      expect.objectContaining({ code: 'DATA_NAMES_MISSING' }),
    );
    const { dataset, ...rest } = defaultPlan('names');
    if (dataset.kind !== 'names') throw new Error('not names');
    expect(() => loadData({ ...rest, dataset: { ...dataset, codes: '00' } })).toThrow(
      expect.objectContaining({ code: 'DATA_DIFFERS' }),
    );
  });

  test('naive Bayes on the same features reaches about 0.72: the data can be learned, and not by guessing', () => {
    const accuracy = naiveBayesAccuracy(names.train, names.test);
    expect(accuracy).toBeGreaterThan(0.68);
    expect(accuracy).toBeLessThan(0.8);
  });
});

/** Multinomial naive Bayes on squared feature values (the counts), smoothed by 0.1. */
function naiveBayesAccuracy(train: Dataset, held: Dataset): number {
  const { dimension } = train;
  const counts = train.classes.map(() => new Float64Array(dimension).fill(0.1));
  forEachCell(train, (sample, column, count) => {
    const row = counts[train.labels[sample] as number] as Float64Array;
    row[column] = (row[column] as number) + count;
  });
  const priors = classCounts(train).map((count) => Math.log(count / train.size));
  const logs = counts.map((row) => {
    const total = row.reduce((sum, count) => sum + count, 0);
    return row.map((count) => Math.log(count / total));
  });
  const scores = Array.from({ length: held.size }, () => [...priors]);
  forEachCell(held, (sample, column, count) => {
    const own = scores[sample] as number[];
    for (const [label, row] of logs.entries()) own[label] = (own[label] as number) + count * (row[column] as number);
  });
  return scores.filter((own, sample) => own.indexOf(Math.max(...own)) === held.labels[sample]).length / held.size;
}

function forEachCell(
  { features, size }: Dataset,
  visit: (sample: number, column: number, count: number) => void,
): void {
  if (features.kind !== 'sparse') throw new Error('names are sparse');
  for (let sample = 0; sample < size; sample++) {
    const end = features.offsets[sample + 1] as number;
    for (let k = features.offsets[sample] as number; k < end; k++) {
      visit(sample, features.columns[k] as number, (features.values[k] as number) ** 2);
    }
  }
}
