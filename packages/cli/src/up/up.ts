import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { MurmurError, silentLog } from '@murmuration/core';
import { startGateway } from '@murmuration/gateway';
import {
  type Config,
  type Controls,
  checkData,
  type LogLevel,
  type OpenJobRequest,
  promMetrics,
  runControls,
  type Swarm,
  startSwarm,
  summarise,
  systemClock,
} from '@murmuration/node';
import { untilInterrupted } from '../commands/shared.ts';
import { EXIT } from '../exit-codes.ts';
import { type LiveScreen, liveScreen } from '../terminal/live.ts';
import { bold, cyan, dim } from '../terminal/style.ts';
import { VERSION } from '../version.ts';
import { keepEvidence } from './evidence-files.ts';
import { follow } from './follow.ts';
import { mergeMetrics } from './merge-metrics.ts';
import { configOf, type UpOptions } from './options.ts';
import { requireFreePort } from './port.ts';
import { chooseRun, jobOfRun, keepSummary, type Run } from './runs.ts';
import { summaryScreen } from './summary-screen.ts';
import { writeToken } from './token.ts';

/** `murmur up`: a whole swarm on this machine, from homes to summary. */
export async function up(options: UpOptions): Promise<void> {
  const startedAtMs = performance.timeOrigin;
  const screen = liveScreen(options.json ? process.stderr : process.stdout);
  const config = await configOf(options);
  const stop = untilInterrupted();
  await checkData(config['job.data']);
  await requireFreePort(config['gateway.host'], config['gateway.port']);
  const run = chooseRun(config['swarm.folder'], options.fresh === true);

  introduce(screen, config, run);
  screen.status('  starting devices …');
  await using swarm = await startSwarm({
    folder: run.folder,
    name: config['swarm.name'],
    devices: config['swarm.devices'],
    liars: config['swarm.liars'],
    changingReplicas: config['swarm.changingReplicas'] === 'yes',
    verifierWorkers: config['device.verifierWorkers'],
    logLevel: config['log.level'] as LogLevel,
    services: {
      deadlineMs: config['round.deadlineMs'],
      viewTimeoutMs: config['consensus.viewTimeoutMs'],
      privacyBudget: { epsilon: config['privacy.epsilon'], delta: config['privacy.delta'] },
    },
  });
  await using gateway = await openGateway(swarm, config);
  screen.line(`  ${dim('dashboard')}  ${cyan(bold(gateway.url))}   ${dim('API')} ${gateway.url}/docs`);
  screen.line();

  const request = jobOfRun(run, requestOf(config));
  const job = await openJob(swarm, request);
  const endFollowing = follow(swarm, job, screen);
  // At the lowest priority beside the swarm: what the devices leave of the machine is enough.
  const comparing = options.controls ? runControls(swarm.folder.members, request, { signal: stop }) : noControls();
  comparing.catch(() => undefined);
  try {
    if (!(await finished(swarm, job, stop))) return interrupted(screen, run);
  } finally {
    endFollowing();
  }

  screen.status(options.controls ? '  comparing: the same training without liars, and with the plain mean …' : '');
  const controls = await comparing.catch((error) => (stop.aborted ? undefined : Promise.reject(error)));
  screen.end();
  if (controls === undefined) return interrupted(screen, run);
  const summary = summarise(swarm, controls, startedAtMs);
  keepSummary(run, summary);
  const evidence = await keepEvidence(run, swarm, summary);
  for (const line of summaryScreen(summary, swarm.snapshot(), evidence)) screen.line(line);
  if (options.json) process.stdout.write(`${JSON.stringify(summary)}\n`);
  if (options.once) return;

  screen.line(`\n  serving at ${cyan(gateway.url)} until Ctrl-C`);
  await aborted(stop);
  screen.line('\n  stopping …');
}

function introduce(screen: LiveScreen, config: Config, run: Run): void {
  const devices = config['swarm.devices'];
  const liars = config['swarm.liars'];
  const what = `${devices} devices on this machine, ${liars.length} of them lie${liars.length === 0 ? '' : ` (${liars.join(', ')})`}`;
  screen.line(`\n  ${bold('murmuration')} ${dim(VERSION)}`);
  screen.line(`  ${run.resumed ? `resuming run ${run.number}` : what}  ${dim(run.folder)}`);
}

function openGateway(swarm: Swarm, config: Config) {
  const { token } = writeToken(config['swarm.folder']);
  const metrics = promMetrics();
  const text = async () => mergeMetrics(new Map([['gateway', await metrics.text()], ...(await swarm.metrics())]));
  const dashboard = fileURLToPath(new URL('../../../dashboard/dist', import.meta.url));
  return startGateway(
    { source: swarm, clock: systemClock, log: silentLog, metrics: { ...metrics, text } },
    {
      host: config['gateway.host'],
      port: config['gateway.port'],
      token,
      ...(existsSync(path.join(dashboard, 'index.html')) ? { dashboard } : {}),
    },
  );
}

function requestOf(config: Config): OpenJobRequest {
  return {
    data: config['job.data'] as OpenJobRequest['data'],
    rounds: config['job.rounds'],
    strategy: config['job.strategy'],
    alpha: config['job.alpha'],
    seed: config['job.seed'],
    faulty: config['job.faulty'],
  };
}

/** The job that runs, where the swarm was resumed; else a new one. @throws JOB_REFUSED */
async function openJob(swarm: Swarm, request: OpenJobRequest): Promise<string> {
  const current = swarm.snapshot().job;
  if (current !== null) return current.job;
  const opened = await swarm.openJob(request);
  if (opened.ok) return opened.value.job;
  throw jobRefused(opened.reason, opened.detail);
}

/** `--no-controls`: what was not measured is null, never a guess. */
async function noControls(): Promise<Controls> {
  return { accuracyNoLiars: null, accuracyPlainMean: null, majorityBaseline: null };
}

/** @returns whether the job finished, rather than the person having had enough */
function finished(swarm: Swarm, job: string, stop: AbortSignal): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const look = (current: { job: string; state: string; accuracy: number | null } | null) => {
    if (current?.job === job && current.state === 'finished' && current.accuracy !== null) resolve(true);
  };
  const unsubscribe = swarm.subscribe((event) => event.kind === 'snapshot' && look(event.snapshot.job));
  stop.addEventListener('abort', () => resolve(false));
  return promise.finally(unsubscribe);
}

function interrupted(screen: LiveScreen, run: Run): void {
  screen.line(`\n  stopped; the next start goes on with run ${run.number} where it was`);
  process.exitCode = EXIT.interrupted;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve());
  });
}

function jobRefused(reason: string, detail: string | undefined): MurmurError {
  return new MurmurError({
    code: 'JOB_REFUSED',
    message: `the swarm refused the job: ${reason}${detail === undefined ? '' : ` (${detail})`}`,
    remedy: 'change what it names; murmur up --help shows the choices',
    facts: { reason },
  });
}
