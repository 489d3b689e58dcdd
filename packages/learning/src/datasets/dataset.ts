import { MurmurError } from '@murmuration/core';

/** Labelled samples. Features stay as small as they came; `fillBatch` spreads them out a batch at a time. */
export interface Dataset {
  readonly features: FeatureMatrix;
  /** Index into `classes` for each sample. */
  readonly labels: Int32Array;
  readonly classes: readonly string[];
  /** Features of a sample, d. */
  readonly dimension: number;
  /** Samples, n. */
  readonly size: number;
}

/**
 * n × d numbers, row-major: all of them; bytes that stand for byte · scale; or, for each row, only the
 * columns that are not zero (offsets has n + 1 entries).
 */
export type FeatureMatrix =
  | { readonly kind: 'dense'; readonly values: Float32Array }
  | { readonly kind: 'bytes'; readonly values: Uint8Array; readonly scale: number }
  | {
      readonly kind: 'sparse';
      readonly offsets: Uint32Array;
      readonly columns: Uint16Array;
      readonly values: Float32Array;
    };

/** What is trained on, what is held back, and where both came from. */
export interface SplitDataset {
  readonly train: Dataset;
  readonly test: Dataset;
  readonly manifest: DatasetManifest;
}

export interface DatasetManifest {
  readonly kind: 'names' | 'digits' | 'idx' | 'csv';
  /** Hex SHA3-256 of all labelled samples, before they were split. */
  readonly digest: string;
  readonly samples: number;
  /** Share of the most frequent class in the test part: what a guess reaches. */
  readonly majorityBaseline: number;
  /** Versions of what the samples were made from (`icu`, `cldr`), where they matter. */
  readonly versions: Readonly<Record<string, string>>;
  /** For a person: what was dropped and how the split was made. */
  readonly notes: readonly string[];
}

/** Writes the features of the samples at `indices` as dense rows into `into`, from its start on. */
export function fillBatch(data: Dataset, indices: ArrayLike<number>, into: Float32Array): void {
  const { features, dimension } = data;
  if (features.kind === 'sparse') into.fill(0, 0, indices.length * dimension);
  for (let row = 0; row < indices.length; row++) {
    const sample = indices[row] as number;
    const at = row * dimension;
    if (features.kind === 'dense') {
      into.set(features.values.subarray(sample * dimension, (sample + 1) * dimension), at);
    } else if (features.kind === 'bytes') {
      const from = sample * dimension;
      for (let k = 0; k < dimension; k++) into[at + k] = (features.values[from + k] as number) * features.scale;
    } else {
      const end = features.offsets[sample + 1] as number;
      for (let k = features.offsets[sample] as number; k < end; k++) {
        into[at + (features.columns[k] as number)] = features.values[k] as number;
      }
    }
  }
}

/** @returns a copy that holds only the samples at `indices`, in their order: the shard that a device keeps */
export function takeSamples(data: Dataset, indices: readonly number[]): Dataset {
  return {
    features: takeRows(data.features, data.dimension, indices),
    labels: Int32Array.from(indices, (index) => data.labels[index] as number),
    classes: data.classes,
    dimension: data.dimension,
    size: indices.length,
  };
}

/** @throws DATA_SHAPE where labels, features and sizes do not fit together */
export function checkDataset(data: Dataset): void {
  const { features, labels, classes, dimension, size } = data;
  const rows = features.kind === 'sparse' ? features.offsets.length - 1 : features.values.length / dimension;
  if (rows !== size || labels.length !== size) {
    throw shapeError(`${rows} rows of features, ${labels.length} labels and a size of ${size} do not fit`);
  }
  const stray = labels.findIndex((label) => label < 0 || label >= classes.length);
  if (stray >= 0) throw shapeError(`sample ${stray} has label ${labels[stray]}, there are ${classes.length} classes`);
}

/** @returns how many samples each class has */
export function classCounts(data: Pick<Dataset, 'labels' | 'classes'>): number[] {
  const counts = data.classes.map(() => 0);
  for (const label of data.labels) counts[label] = (counts[label] as number) + 1;
  return counts;
}

/** @returns the share of the most frequent class, 0 where there is no sample */
export function majorityShare(data: Dataset): number {
  return data.size === 0 ? 0 : Math.max(...classCounts(data)) / data.size;
}

function takeRows(features: FeatureMatrix, dimension: number, indices: readonly number[]): FeatureMatrix {
  if (features.kind === 'sparse') return takeSparseRows(features, indices);
  const length = indices.length * dimension;
  const values = features.kind === 'dense' ? new Float32Array(length) : new Uint8Array(length);
  for (const [row, index] of indices.entries()) {
    values.set(features.values.subarray(index * dimension, (index + 1) * dimension), row * dimension);
  }
  if (values instanceof Float32Array) return { kind: 'dense', values };
  return { kind: 'bytes', values, scale: features.kind === 'bytes' ? features.scale : 1 };
}

function takeSparseRows(
  { offsets, columns, values }: Extract<FeatureMatrix, { kind: 'sparse' }>,
  indices: readonly number[],
): FeatureMatrix {
  const taken = new Uint32Array(indices.length + 1);
  for (const [row, index] of indices.entries()) {
    taken[row + 1] = (taken[row] as number) + (offsets[index + 1] as number) - (offsets[index] as number);
  }
  const total = taken[indices.length] as number;
  const result = { columns: new Uint16Array(total), values: new Float32Array(total) };
  for (const [row, index] of indices.entries()) {
    const from = offsets[index] as number;
    const to = offsets[index + 1] as number;
    result.columns.set(columns.subarray(from, to), taken[row] as number);
    result.values.set(values.subarray(from, to), taken[row] as number);
  }
  return { kind: 'sparse', offsets: taken, ...result };
}

function shapeError(message: string): MurmurError {
  return new MurmurError({ code: 'DATA_SHAPE', message, remedy: 'give one label and one row for each sample' });
}
