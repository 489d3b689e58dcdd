import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { MurmurError } from '@murmuration/core';
import { behaviourOf } from '../behaviours.ts';
import type { OpenJobRequest } from '../views/learning.ts';
import type { SwarmMember } from './folder.ts';

const EXTENSION = import.meta.url.endsWith('.ts') ? '.ts' : '.js';
const ENTRY = fileURLToPath(new URL(`./controls-process${EXTENSION}`, import.meta.url));

/** What the same training gives without liars, and with them but without a robust rule. */
export interface Controls {
  /** Null where no control ran; the same below. */
  readonly accuracyNoLiars: number | null;
  readonly accuracyPlainMean: number | null;
  /** Share of the most frequent class among the held-back samples: what a guess reaches. */
  readonly majorityBaseline: number | null;
}

/** What the process is started with, as JSON. */
export interface ControlsRequest {
  readonly job: OpenJobRequest;
  readonly clients: number;
  readonly liars: readonly { readonly client: number; readonly attack: string }[];
}

/**
 * Runs the two control runs, same plan, split and seed, in a process of the lowest priority beside the swarm.
 * @throws CONTROLS_FAILED; where the signal aborts, with its reason
 */
export function runControls(
  members: readonly SwarmMember[],
  job: OpenJobRequest,
  options: { readonly signal?: AbortSignal } = {},
): Promise<Controls> {
  const liars = members.flatMap(({ behaviour }, client) => {
    const attack = behaviour === null ? undefined : behaviourOf(behaviour).attack;
    return attack === undefined ? [] : [{ client, attack: attack.name }];
  });
  const request: ControlsRequest = { job, clients: members.length, liars };
  const child = fork(ENTRY, [JSON.stringify(request)], {
    execArgv: [...(EXTENSION === '.ts' ? ['--conditions=murmuration-src'] : []), '--no-warnings'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  return new Promise((resolve, reject) => {
    let complaint = '';
    const abort = () => {
      child.kill('SIGKILL');
      reject(options.signal?.reason);
    };
    options.signal?.addEventListener('abort', abort, { once: true });
    child.stderr?.on('data', (chunk: Buffer) => {
      complaint = (complaint + chunk.toString()).slice(-2000);
    });
    child.on('message', (controls: Controls) => resolve(controls));
    child.on('exit', () => {
      options.signal?.removeEventListener('abort', abort);
      reject(failed(complaint));
    });
  });
}

function failed(complaint: string): MurmurError {
  return new MurmurError({
    code: 'CONTROLS_FAILED',
    message: `the control runs ended without a result${complaint === '' ? '' : `: ${complaint}`}`,
    remedy: 'the swarm itself is not affected; look at the message, and run `murmur doctor`',
  });
}
