import { firstThatFails, type ShrinkBudget, shrinkList } from '@murmuration/simulator';
import { failureOf, type Script, type Step } from './script.ts';

/** A run goes on this long after the moment at which the unshrunk one failed: less happening may make it later. */
const SLACK_MS = 2000;

/**
 * The smallest script found that fails in the same way: fewer liars and twins, no faults of the network, fewer and
 * shorter steps. Each try is a whole run.
 * @returns undefined where the script given does not fail as said
 */
export async function shrinkScript(script: Script, budget: ShrinkBudget): Promise<Script | undefined> {
  const fault = await failureOf(script);
  if (fault === undefined) return undefined;
  const fails = async (one: Script) => (await failureOf(one))?.kind === fault.kind;
  let best = fault.atMs > 0 ? ending(script, fault.atMs) : script;
  if (best !== script && !(await fails(best))) best = script;
  for (let before: Script | undefined; before !== best && budget.runs > 0; ) {
    before = best;
    for (
      let next: Script | undefined = best;
      next !== undefined;
      next = await firstThatFails(calmer(best), fails, budget)
    )
      best = next;
    const kept: readonly Step[] = await shrinkList(best.steps, (steps) => fails({ ...best, steps }), budget);
    if (kept.length < best.steps.length) best = { ...best, steps: kept };
    for (
      let next: Script | undefined = best;
      next !== undefined;
      next = await firstThatFails(shorter(best), fails, budget)
    )
      best = next;
  }
  return best;
}

function ending(script: Script, failedAtMs: number): Script {
  const stopMs = Math.ceil(failedAtMs) + SLACK_MS;
  return { ...script, stopMs, steps: script.steps.filter(({ atMs }) => atMs <= failedAtMs) };
}

/** The same with one liar, one twin or one fault of the network less. */
function* calmer(script: Script): Generator<Script> {
  const { liars, twins, faults } = script;
  for (const one of liars) yield { ...script, liars: liars.filter((other) => other !== one) };
  for (const one of twins) yield { ...script, twins: twins.filter((other) => other !== one) };
  for (const name of Object.keys(faults)) {
    const others = Object.entries(faults).filter(([other]) => other !== name);
    yield { ...script, faults: Object.fromEntries(others) };
  }
}

/** The same with one blow half as long: whole milliseconds, down to 50. */
function* shorter(script: Script): Generator<Script> {
  const { steps } = script;
  for (const [i, step] of steps.entries()) {
    if (step.kind === 'submit' || step.lengthMs < 100) continue;
    yield { ...script, steps: steps.with(i, { ...step, lengthMs: Math.round(step.lengthMs / 2) }) };
  }
}

/** A script in sentences, for people. */
export function describeScript(script: Script): string[] {
  const { n, seed, quorum, liars, twins, faults, steps, peaceMs, stopMs } = script;
  const who = [
    `${n} replicas, seed ${seed}${quorum === undefined ? '' : `, quorum ${quorum}`}`,
    ...liars.map(([replica, name]) => `replica ${replica} lies: ${name}`),
    ...twins.map((replica) => `replica ${replica} runs twice`),
    ...Object.entries(faults).map(([name, value]) => `${name} ${value}`),
  ];
  const what = [...steps].sort((a, b) => a.atMs - b.atMs).map(describeStep);
  return [...who, ...what, stopMs === undefined ? `${Math.round(peaceMs)} ms: peace` : `${Math.round(stopMs)} ms: end`];
}

function describeStep(step: Step): string {
  const at = `${Math.round(step.atMs)} ms:`;
  if (step.kind === 'submit') return `${at} a request at replica ${step.at}`;
  const length = `for ${Math.round(step.lengthMs)} ms`;
  if (step.kind === 'crash') return `${at} ${step.name} is down ${length}`;
  if (step.kind === 'rot') return `${at} a record ${step.prefix} of ${step.name} rots, and it is down ${length}`;
  const sides = step.sides.map((side) => side.join(' ')).join(' | ');
  return `${at} ${step.oneWay ? 'one-way ' : ''}partition ${sides} ${length}`;
}
