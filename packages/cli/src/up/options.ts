import type { Config, ConfigName } from '@murmuration/node';

export interface UpOptions {
  readonly devices?: number;
  readonly data?: string;
  readonly rounds?: number;
  readonly strategy?: string;
  readonly alpha?: number;
  readonly seed?: number;
  readonly liars?: string;
  readonly port?: number;
  readonly folder?: string;
  readonly fresh?: boolean;
  readonly once?: boolean;
  readonly controls: boolean;
  readonly json?: boolean;
  readonly config?: string;
}

/** The configuration under these options: a flag wins over the environment, the file and the defaults. */
export async function configOf(options: UpOptions): Promise<Config> {
  const { loadConfig } = await import('@murmuration/node');
  const { devices, data, rounds, strategy, alpha, seed, port, folder } = options;
  const flags: Partial<Record<ConfigName, unknown>> = {
    'swarm.devices': devices,
    'swarm.folder': folder,
    'swarm.liars': liarsOf(options.liars),
    'job.data': data,
    'job.rounds': rounds,
    'job.strategy': strategy,
    'job.alpha': alpha,
    'job.seed': seed,
    'gateway.port': port,
  };
  const file = options.config === undefined ? {} : { file: options.config };
  return loadConfig({ ...file, env: process.env, flags }).config;
}

function liarsOf(text: string | undefined): readonly string[] | undefined {
  if (text === undefined) return undefined;
  if (text === 'none' || text === '') return [];
  return text.split(',').map((name) => name.trim());
}
