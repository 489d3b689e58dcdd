import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { silentLog } from '@murmuration/core';
import { startGateway } from '@murmuration/gateway';
import {
  createHome,
  homeExists,
  type LogLevel,
  loadConfig,
  promMetrics,
  startDevice,
  systemClock,
  systemEntropy,
} from '@murmuration/node';
import { untilInterrupted } from '../commands/shared.ts';
import { passphraseFrom } from '../terminal/passphrase.ts';
import { bold, cyan, dim } from '../terminal/style.ts';
import { writeToken } from '../up/token.ts';

export interface NodeOptions {
  readonly home?: string;
  readonly name?: string;
  readonly listen?: readonly string[];
  readonly join?: readonly string[];
  readonly swarm?: string;
  readonly passphraseFile?: string;
  readonly port: number;
  readonly json?: boolean;
  readonly config?: string;
}

/** `murmur node`: one device and its API, until Ctrl-C or until it cannot go on. */
export async function runDevice(options: NodeOptions): Promise<void> {
  const config = configOf(options);
  const home = config['device.home'];
  if (!homeExists(home))
    createHome(systemEntropy, { folder: home, name: config['device.name'], nowMs: systemClock.nowMs() });

  const stop = untilInterrupted();
  const failed = Promise.withResolvers<never>();
  await using device = await startDevice({
    home,
    passphrase: () => passphraseFrom(options),
    listen: config['network.listen'],
    bootstrap: config['network.bootstrap'],
    verifierWorkers: config['device.verifierWorkers'],
    logLevel: config['log.level'] as LogLevel,
    services: {
      deadlineMs: config['round.deadlineMs'],
      viewTimeoutMs: config['consensus.viewTimeoutMs'],
      privacyBudget: { epsilon: config['privacy.epsilon'], delta: config['privacy.delta'] },
    },
    onFatal: failed.reject,
    ...(options.swarm === undefined ? {} : { swarm: options.swarm }),
  });
  const metrics = promMetrics();
  const dashboard = fileURLToPath(new URL('../../../dashboard/dist', import.meta.url));
  await using gateway = await startGateway(
    {
      source: device.source,
      clock: systemClock,
      log: silentLog,
      metrics: { ...metrics, text: async () => (await metrics.text()) + (await device.metrics()) },
    },
    {
      host: config['gateway.host'],
      port: options.port,
      token: writeToken(home).token,
      ...(existsSync(path.join(dashboard, 'index.html')) ? { dashboard } : {}),
    },
  );
  const { name } = device;
  const addresses = device.addresses();
  if (options.json)
    process.stdout.write(`${JSON.stringify({ device: device.device, name, addresses, url: gateway.url })}\n`);
  else {
    console.log(`\n  ${bold(name)} ${dim(device.device)}`);
    for (const address of addresses) console.log(`  ${dim('listens')}    ${address}`);
    console.log(`  ${dim('dashboard')}  ${cyan(gateway.url)}\n  until Ctrl-C`);
  }
  await Promise.race([failed.promise, aborted(stop)]);
}

function configOf({ home, name, listen, join, config }: NodeOptions) {
  const flags = { 'device.home': home, 'device.name': name, 'network.listen': listen, 'network.bootstrap': join };
  return loadConfig({ env: process.env, flags, ...(config === undefined ? {} : { file: config }) }).config;
}

function aborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => resolve());
  return promise;
}
