import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { planAsToml, planTraining, readPlanFile, verifyPlan, writePlanFile } from '../../src/index.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'murmur-plan-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const REQUEST = { records: 60_000, batch: 256, steps: 14_062, delta: 1e-5, poisson: true } as const;
const coded = (code: string, message = '') =>
  expect.objectContaining({ code, message: expect.stringContaining(message) });

function file(name: string, text: string): string {
  const at = path.join(folder, name);
  writeFileSync(at, text);
  return at;
}

test('a noise multiplier costs what Opacus and dp_accounting say it does', () => {
  const { epsilonRdp, epsilonPld } = planTraining({ ...REQUEST, adjacency: 'add-or-remove-one', noise: 1.1 });
  expect(epsilonRdp).toBeCloseTo(2.59655587, 4);
  expect(epsilonPld).toBeCloseTo(2.381686, 3);
});

test('noise found for an epsilon keeps it, and a hundredth less does not', () => {
  const { noiseMultiplier, epsilonPld, plan } = planTraining({
    ...REQUEST,
    adjacency: 'add-or-remove-one',
    epsilon: 3,
  });
  expect(epsilonPld).toBeLessThanOrEqual(3);
  const less = planTraining({ ...REQUEST, adjacency: 'add-or-remove-one', noise: 0.99 * noiseMultiplier });
  expect(less.epsilonPld).toBeGreaterThan(3);
  const written = file('found.toml', planAsToml(plan));
  expect(readPlanFile(written)).toEqual(plan);
  expect(verifyPlan(written, { epsilon: 3, delta: 1e-5 }).holds).toBe(true);
  expect(verifyPlan(written, { epsilon: 2.9, delta: 1e-5 })).toMatchObject({ reason: 'epsilon-exceeded' });
  expect(verifyPlan(written, { epsilon: 3, delta: 1e-5, population: 100_000 })).toMatchObject({
    reason: 'delta-too-large',
  });
});

test('without Poisson sampling nothing is gained by small batches', () => {
  const common = { records: 1000, steps: 10, delta: 1e-6, adjacency: 'add-or-remove-one', noise: 5 } as const;
  const fixed = planTraining({ ...common, batch: 10, poisson: false });
  const whole = planTraining({ ...common, batch: 1000, poisson: false });
  expect(fixed.epsilonPld).toBeCloseTo(whole.epsilonPld, 6);
  expect(planTraining({ ...common, batch: 10, poisson: true }).epsilonPld).toBeLessThan(0.5 * fixed.epsilonPld);
});

test('the same plan is read from JSON and YAML', () => {
  const toml = readPlanFile(
    file('p.toml', 'adjacency = "replace-one"\n[[events]]\nmechanism = {kind="laplace", scale=3}\n'),
  );
  const yaml = 'adjacency: replace-one\nevents:\n  - mechanism: { kind: laplace, scale: 3 }\n';
  const json = '{"adjacency":"replace-one","events":[{"mechanism":{"kind":"laplace","scale":3}}]}';
  expect(readPlanFile(file('p.yaml', yaml))).toEqual(toml);
  expect(readPlanFile(file('p.json', json))).toEqual(toml);
});

test.each([
  ['events = 3\nadjacency = "replace-one"', 'PRIVACY_PLAN_FILE', 'events is not a list'],
  ['adjacency = "replace-on"\nevents = []', 'PRIVACY_PLAN_FILE', 'replace-on'],
  ['adjacency = "replace-one"\nevents = [1]', 'PRIVACY_PLAN_FILE', 'event 1'],
  ['adjacency = "replace-one"\nevents = []\nevnts = []', 'OPTION_UNKNOWN', 'evnts'],
  ['adjacency = "replace-one"\n[[events]]\nmechanism = {kind="gausian"}', 'PRIVACY_PLAN_FILE', 'gausian'],
  ['adjacency = "replace-one"\n[[events]]\nmechanism = {kind="gaussian"}', 'PRIVACY_PLAN_FILE', 'noiseMultiplier'],
  [
    'adjacency = "replace-one"\n[[events]]\nmechanism = {kind="gaussian", noiseMultiplier=1, sigma=2}',
    'OPTION_UNKNOWN',
    'sigma',
  ],
  [
    'adjacency = "replace-one"\n[[events]]\nmechanism = {kind="gaussian", noiseMultiplier=-1}',
    'OPTION_OUT_OF_RANGE',
    'noise multiplier',
  ],
  ['adjacency = ', 'CONFIG_MALFORMED', 'the plan'],
  ['events = []', 'PRIVACY_PLAN_FILE', 'adjacency is missing'],
])('a plan that is none is refused with the part that is wrong: %#', (text, code, part) => {
  expect(() => readPlanFile(file('bad.toml', text))).toThrow(coded(code, part));
});

test('a plan is written in the format that its name says, and read back; elsewhere it is refused', () => {
  const plan = readPlanFile(
    file('from.json', '{"adjacency":"replace-one","events":[{"mechanism":{"kind":"laplace","scale":3}}]}'),
  );
  for (const name of ['to.toml', 'to.json']) {
    writePlanFile(path.join(folder, name), plan);
    expect(readPlanFile(path.join(folder, name))).toEqual(plan);
  }
  for (const name of ['to.txt', 'none/to.toml', '.']) {
    expect(() => writePlanFile(path.join(folder, name), plan)).toThrow(coded('PRIVACY_PLAN_FILE'));
  }
});

test('options that contradict each other are refused', () => {
  const common = { ...REQUEST, adjacency: 'add-or-remove-one' } as const;
  expect(() => planTraining(common)).toThrow(coded('PRIVACY_PLAN_OPTIONS'));
  expect(() => planTraining({ ...common, epsilon: 1, noise: 1 })).toThrow(coded('PRIVACY_PLAN_OPTIONS'));
  expect(() => planTraining({ ...common, epsilon: 1, delta: 0.01 })).toThrow(
    coded('PRIVACY_PLAN_OPTIONS', 'publish one'),
  );
  expect(() => planTraining({ ...common, epsilon: 1, batch: 70_000 })).toThrow(coded('OPTION_OUT_OF_RANGE'));
});
