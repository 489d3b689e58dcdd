import { readFileSync, writeFileSync } from 'node:fs';
import { extname } from 'node:path';
import { MurmurError, nearest, refuseUnknownKeys } from '@murmuration/core';
import { type Adjacency, checkPlan, type PrivacyEvent, type PrivacyPlan } from '@murmuration/privacy';
import { parseConfigText } from '../config/file.ts';
import { planAsToml } from './training-plan.ts';

type Mechanism = PrivacyEvent['mechanism'];
type Sampling = PrivacyEvent['sampling'];

/** The numbers that each kind of mechanism has, besides its kind. */
const MECHANISMS: Readonly<Record<Mechanism['kind'], readonly string[]>> = {
  gaussian: ['noiseMultiplier'],
  laplace: ['scale'],
  'discrete-laplace': ['scale', 'sensitivity'],
  'discrete-gaussian': ['sigma', 'shares', 'l2', 'dimension'],
  'gaussian-mixture': ['sigma', 'sensitivities', 'probabilities'],
  tree: ['noiseMultiplier', 'steps'],
  zcdp: ['rho'],
  pure: ['epsilon'],
};
const SAMPLINGS: Readonly<Record<Sampling['kind'], readonly string[]>> = {
  none: [],
  poisson: ['rate'],
  'fixed-size': ['size', 'population'],
};
const ADJACENCIES: readonly Adjacency[] = ['add-or-remove-one', 'replace-one'];

/**
 * Reads what is to be released about one data set from a TOML, YAML or JSON file: `adjacency` and `events`, each with
 * `mechanism`, `sampling` (none where it is left out) and `count` (1).
 * @throws PRIVACY_PLAN_FILE, OPTION_UNKNOWN, OPTION_OUT_OF_RANGE, PRIVACY_BAD_EVENT, and the CONFIG codes of a file
 */
export function readPlanFile(path: string): PrivacyPlan {
  const given = record(path, 'the plan', parseConfigText(path, read(path), 'plan'));
  refuseUnknownKeys(given, ['adjacency', 'events'], path);
  const adjacency = choice(path, 'adjacency', given.adjacency, ADJACENCIES);
  if (!Array.isArray(given.events)) throw wrong(path, 'events is not a list', 'give one [[events]] for each release');
  const plan = { adjacency, events: given.events.map((event, i) => eventOf(path, `event ${i + 1}`, event)) };
  checkPlan(plan);
  return plan;
}

/**
 * Writes a plan as `readPlanFile` reads it, in the format that the extension names.
 * @throws PRIVACY_PLAN_FILE where the file cannot be written or no plan has its extension
 */
export function writePlanFile(path: string, plan: PrivacyPlan): void {
  const text = textOf(path, plan);
  try {
    writeFileSync(path, text);
  } catch (cause) {
    throw new MurmurError({
      code: 'PRIVACY_PLAN_FILE',
      message: `the plan cannot be written to ${path}: ${(cause as Error).message}`,
      remedy: 'name a file in a folder that exists and that this user may write to',
      facts: { path },
      cause,
    });
  }
}

function textOf(path: string, plan: PrivacyPlan): string {
  switch (extname(path).toLowerCase()) {
    case '.toml':
      return planAsToml(plan);
    case '.json':
      return `${JSON.stringify(plan, undefined, 2)}\n`;
    default:
      throw new MurmurError({
        code: 'PRIVACY_PLAN_FILE',
        message: `a plan is not written to ${path}`,
        remedy: 'name it .toml or .json',
        facts: { path },
      });
  }
}

function eventOf(path: string, where: string, value: unknown): PrivacyEvent {
  const event = record(path, where, value);
  refuseUnknownKeys(event, ['mechanism', 'sampling', 'count'], `${where} of ${path}`);
  const { count = 1, sampling = { kind: 'none' } } = event;
  if (typeof count !== 'number') throw wrong(path, `the count of ${where} is no number`, 'give a whole number');
  return {
    mechanism: kindOf<Mechanism>(path, `the mechanism of ${where}`, event.mechanism, MECHANISMS),
    sampling: kindOf<Sampling>(path, `the sampling of ${where}`, sampling, SAMPLINGS),
    count,
  };
}

/** A value told apart by its kind, with the numbers of that kind and no others. Their ranges are `checkPlan`'s. */
function kindOf<T extends { readonly kind: string }>(
  path: string,
  where: string,
  value: unknown,
  kinds: Readonly<Record<T['kind'], readonly string[]>>,
): T {
  const given = record(path, where, value);
  const kind = choice(path, `the kind of ${where}`, given.kind, Object.keys(kinds) as T['kind'][]);
  const wanted = kinds[kind];
  refuseUnknownKeys(given, ['kind', ...wanted], `${where} in ${path}`);
  for (const name of wanted) {
    const number = given[name];
    const fits = Array.isArray(number) ? number.every((one) => typeof one === 'number') : typeof number === 'number';
    if (!fits) throw wrong(path, `${where} has no number "${name}"`, `a ${kind} needs ${wanted.join(', ')}`);
  }
  return given as T;
}

function choice<T extends string>(path: string, where: string, value: unknown, choices: readonly T[]): T {
  const found = choices.find((one) => one === value);
  if (found !== undefined) return found;
  if (value === undefined) throw wrong(path, `${where} is missing`, `give one of ${choices.join(', ')}`);
  const meant = nearest(String(value), choices);
  const hint = meant === undefined ? '' : ` — did you mean ${meant}?`;
  throw wrong(path, `${where} is "${String(value)}"`, `use one of ${choices.join(', ')}${hint}`);
}

function record(path: string, where: string, value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw wrong(path, `${where} is no table of keys`, 'see `murmur privacy plan --out` for a file to start from');
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new MurmurError({
      code: 'PRIVACY_PLAN_FILE',
      message: `the plan ${path} cannot be read`,
      remedy: 'check the path and that this user may read it',
      facts: { path },
      cause,
    });
  }
}

function wrong(path: string, what: string, remedy: string): MurmurError {
  return new MurmurError({
    code: 'PRIVACY_PLAN_FILE',
    message: `${path} is no privacy plan: ${what}`,
    remedy,
    facts: { path },
  });
}
