import { MurmurError, seededRandom, toHex, utf8 } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import type { DatasetSpec, TrainingPlan } from '../rounds/plan.ts';
import { parseCsv, standardise } from './csv.ts';
import { type Dataset, majorityShare, type SplitDataset } from './dataset.ts';
import { generateDigits } from './digits.ts';
import { parseIdx } from './idx.ts';
import { codesDigest, loadNames } from './names/names.ts';
import { holdOut } from './split.ts';

/** Contents of the user's files. Without test files 15 % of the samples are held back. */
export type DataFiles =
  | {
      readonly kind: 'idx';
      readonly images: Uint8Array;
      readonly labels: Uint8Array;
      readonly testImages?: Uint8Array;
      readonly testLabels?: Uint8Array;
    }
  | { readonly kind: 'csv'; readonly text: string; readonly label?: string };

export interface DataSources {
  readonly files?: DataFiles;
  /** Of ICU and CLDR: `runtimeVersions()`. */
  readonly versions?: Readonly<Record<string, string>>;
}

const TEST_SHARE = 0.15;

/**
 * The samples of a plan, split into those to learn from and those held back: the same on every device.
 * @throws DATA_DIFFERS where names or files are not those of the plan, DATA_FILES_MISSING, and the loaders' errors
 */
export function loadData(plan: TrainingPlan, sources: DataSources = {}): SplitDataset {
  const { dataset, seed, model } = plan;
  switch (dataset.kind) {
    case 'names': {
      if (dataset.codes !== codesDigest()) throw differs('code lists of this release', dataset.codes, codesDigest());
      const { languages, digest } = dataset;
      return loadNames({ languages, digest, seed, features: model.features, versions: sources.versions ?? {} });
    }
    case 'digits':
      return generateDigits({ train: dataset.train, test: dataset.test, seed });
    default:
      return loadFiles(dataset, seed, sources.files);
  }
}

/** @returns the part of a plan that describes the user's files. @throws the loaders' errors */
export function describeFiles(files: DataFiles): DatasetSpec {
  const { train } = parseFiles(files);
  return { kind: files.kind, digest: filesDigest(files), features: train.dimension, classes: train.classes };
}

function loadFiles(
  spec: Extract<DatasetSpec, { kind: 'idx' | 'csv' }>,
  seed: number,
  files: DataFiles | undefined,
): SplitDataset {
  if (files?.kind !== spec.kind) {
    throw new MurmurError({
      code: 'DATA_FILES_MISSING',
      message: `this plan learns from ${spec.kind} files and none were given`,
      remedy: `give every device the files, with --data ${spec.kind}:PATH`,
      facts: { kind: spec.kind },
    });
  }
  const digest = filesDigest(files);
  if (digest !== spec.digest) throw differs('files given here', spec.digest, digest);
  const parsed = parseFiles(files);
  const split =
    parsed.test === undefined
      ? holdOut(parsed.train, TEST_SHARE, seededRandom(`files/${seed}`))
      : { train: parsed.train, test: parsed.test };
  const { train, test } = standardise(split.train, split.test);
  const note = parsed.test === undefined ? `15 % held back with seed ${seed}` : 'test files of the user';
  const samples = train.size + test.size;
  return {
    train,
    test,
    manifest: { kind: spec.kind, digest, samples, majorityBaseline: majorityShare(test), versions: {}, notes: [note] },
  };
}

function parseFiles(files: DataFiles): { train: Dataset; test: Dataset | undefined } {
  if (files.kind === 'csv') {
    return { train: parseCsv(files.text, files.label === undefined ? {} : { label: files.label }), test: undefined };
  }
  const train = parseIdx(files.images, files.labels);
  if (files.testImages === undefined || files.testLabels === undefined) return { train, test: undefined };
  const test = parseIdx(files.testImages, files.testLabels, { classes: train.classes.length });
  if (test.dimension === train.dimension) return { train, test };
  throw new MurmurError({
    code: 'DATA_SHAPE',
    message: `test images have ${test.dimension} pixels, training images ${train.dimension}`,
    remedy: 'give training and test files of one data set',
  });
}

function filesDigest(files: DataFiles): string {
  if (files.kind === 'csv') return toHex(sha3_256(utf8(`${files.label ?? ''}\n`), utf8(files.text)));
  const { images, labels, testImages, testLabels } = files;
  const parts = [images, labels, testImages ?? new Uint8Array(0), testLabels ?? new Uint8Array(0)];
  return toHex(sha3_256(...parts.map((part) => sha3_256(part))));
}

function differs(what: string, wanted: string, found: string): MurmurError {
  return new MurmurError({
    code: 'DATA_DIFFERS',
    message: `the ${what} are not those of the plan`,
    remedy: 'run one release on every device, with the same files',
    facts: { wanted, found },
  });
}
