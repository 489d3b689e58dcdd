import { MurmurError, seededRandom, toHex, utf8 } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { type Dataset, majorityShare, type SplitDataset } from '../dataset.ts';
import { holdOut } from '../split.ts';
import { NAME_CODES, type NameKind } from './codes.ts';
import { ngramFeatures } from './ngrams.ts';

export interface NamesOptions {
  /** BCP 47 tags, 2 to 64, each once: the classes. */
  readonly languages: readonly string[];
  /** Buckets of the hashed n-grams, 16 to 65536. */
  readonly features: number;
  /** Chooses the strings that are held back. */
  readonly seed: number;
  /** Hex digest that the labelled strings must have; empty where any will do. */
  readonly digest: string;
  /** Versions of ICU and CLDR, for the manifest and for the message where digests differ. */
  readonly versions: Readonly<Record<string, string>>;
}

/** Twenty languages written in Latin script, of seven families. */
const LANGUAGES = 'en fr de es it pt nl sv nb pl cs hu fi et ro tr vi cy sw id'.split(' ');
const LENGTHS = [1, 2, 3, 4];
const TEST_SHARE = 0.15;

/** @see TrainingPlan for how the defaults were measured */
export const defaultNamesOptions: NamesOptions = {
  languages: LANGUAGES,
  features: 4096,
  seed: 1,
  digest: '',
  versions: {},
};

/** Hex SHA3-256 of the committed code lists: two devices with different lists must not train together. */
export function codesDigest(): string {
  return toHex(sha3_256(utf8(JSON.stringify(NAME_CODES))));
}

/**
 * Language identification from the localised names of regions, languages, scripts and currencies that this
 * runtime's ICU holds (Unicode CLDR). Names are lower-cased; a name that several languages share is dropped.
 * 15 % of the strings are held back for testing. About 12,500 strings for the default languages.
 *
 * @throws DATA_NAMES_MISSING where this runtime lacks a language, DATA_DIFFERS where the digest is another
 */
export function loadNames(options: NamesOptions = defaultNamesOptions): SplitDataset {
  const { entries, shared } = labelledNames(options.languages);
  const digest = toHex(sha3_256(utf8(JSON.stringify(entries))));
  if (options.digest !== '' && options.digest !== digest) throw differs(options, digest);
  const all: Dataset = {
    features: ngramFeatures(
      entries.map(([name]) => name),
      { features: options.features, lengths: LENGTHS },
    ),
    labels: Int32Array.from(entries, ([, label]) => label),
    classes: options.languages,
    dimension: options.features,
    size: entries.length,
  };
  const { train, test } = holdOut(all, TEST_SHARE, seededRandom(`names/${options.seed}`));
  return {
    train,
    test,
    manifest: {
      kind: 'names',
      digest,
      samples: all.size,
      majorityBaseline: majorityShare(test),
      versions: options.versions,
      notes: [
        `${shared} names that several languages share were dropped`,
        `${test.size} of ${all.size} strings are held back, chosen by string with seed ${options.seed}`,
      ],
    },
  };
}

type LabelledName = readonly [name: string, label: number];

/** @returns every name that exactly one language owns, sorted, with the index of that language */
function labelledNames(languages: readonly string[]): { entries: LabelledName[]; shared: number } {
  const owners = new Map<string, number>();
  const SHARED = -1;
  for (const [label, language] of languages.entries()) {
    for (const name of namesIn(language)) {
      const owner = owners.get(name);
      if (owner !== label) owners.set(name, owner === undefined ? label : SHARED);
    }
  }
  const owned = [...owners].filter(([, label]) => label !== SHARED);
  return { entries: owned.sort(([a], [b]) => (a < b ? -1 : 1)), shared: owners.size - owned.length };
}

/** @returns the names that CLDR gives in one language; codes without one are left out, never used as names */
function namesIn(language: string): string[] {
  if (Intl.DisplayNames.supportedLocalesOf(language).length === 0) throw missing(language);
  const names: string[] = [];
  for (const [type, codes] of Object.entries(NAME_CODES) as [NameKind, readonly string[]][]) {
    const display = new Intl.DisplayNames(language, { type, fallback: 'none' });
    for (const code of codes) {
      const name = display.of(code);
      if (name !== undefined) names.push(name.normalize('NFC').toLowerCase());
    }
  }
  return names;
}

function missing(language: string): MurmurError {
  return new MurmurError({
    code: 'DATA_NAMES_MISSING',
    message: `this runtime holds no names in "${language}"`,
    remedy: 'use a Node with full ICU (the default build), or leave the language out of the plan',
    facts: { language },
  });
}

function differs({ digest, versions }: NamesOptions, found: string): MurmurError {
  const own = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return new MurmurError({
    code: 'DATA_DIFFERS',
    message: `the names of this runtime (${own.join(', ') || 'versions unknown'}) differ from those of the plan`,
    remedy: 'run every device on the same Node release, so that all have the same names',
    facts: { wanted: digest, found },
  });
}
