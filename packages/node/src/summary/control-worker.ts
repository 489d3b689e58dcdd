import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '@murmuration/core';
import { decodePlan, loadData, majorityShare, runFederated, runtimeVersions, STRATEGIES } from '@murmuration/learning';
import { readFiles } from '../adapters/data-places.ts';
import type { ControlResult, ControlRun } from './control-run.ts';

const { plan: encoded, strategy: name, data, clients, rounds, liars } = workerData as ControlRun;
const plan = decodePlan(encoded);
assert(plan.ok, 'the plan came from the ledger');
const strategy = STRATEGIES.find((known) => known === name) ?? plan.value.strategy;
const files = data.includes(':') ? { files: readFiles(data) } : {};
const dataset = loadData(plan.value, { versions: runtimeVersions(), ...files });
const { accuracy } = await runFederated({
  plan: plan.value,
  strategy,
  dataset,
  clients,
  rounds,
  liars,
  evaluateEvery: rounds,
});
const result: ControlResult = { accuracy, majority: majorityShare(dataset.test) };
parentPort?.postMessage(result);
