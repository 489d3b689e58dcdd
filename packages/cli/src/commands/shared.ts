import { readFileSync, type WriteFileOptions, writeFileSync } from 'node:fs';
import { MurmurError } from '@murmuration/core';
import type { Client } from '@murmuration/sdk';
import { type Command, InvalidArgumentError } from 'commander';

/** Where `murmur up` leaves the token of its gateway. */
export const DEFAULT_TOKEN_FILE = '.murmuration/gateway.token';
export const DEFAULT_URL = 'http://127.0.0.1:8000';

export interface RemoteOptions {
  readonly url: string;
  readonly tokenFile: string;
  readonly json?: boolean;
}

/** Options of every command that asks a running swarm. */
export function remote(command: Command): Command {
  return command
    .option('--url <address>', 'gateway of the swarm', process.env.MURMUR_URL ?? DEFAULT_URL)
    .option('--token-file <file>', 'file with the bearer token, for changes', DEFAULT_TOKEN_FILE)
    .option('--json', 'one JSON object on standard output');
}

export async function connect(options: RemoteOptions): Promise<Client> {
  const { createClient } = await import('@murmuration/sdk');
  const token = tokenFrom(options.tokenFile);
  return createClient({ baseUrl: options.url, token });
}

/** Reads need no token on loopback, so a missing file is no error here: the gateway says when one is needed. */
function tokenFrom(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}

export function printLines(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** An argument that is missing or does not fit the others. */
export function usageError(message: string, remedy: string): MurmurError {
  return new MurmurError({ code: 'CLI_USAGE', message, remedy });
}

/** Writes what a command was asked to keep. @throws CLI_OUTPUT_FILE */
export function writeOutput(file: string, content: string | Uint8Array, options: WriteFileOptions = {}): void {
  try {
    writeFileSync(file, content, options);
  } catch (cause) {
    throw new MurmurError({
      code: 'CLI_OUTPUT_FILE',
      message: `cannot write ${file}: ${(cause as Error).message}`,
      remedy: 'name a file in a folder that exists and that this user may write to',
      facts: { file },
      cause,
    });
  }
}

/** Reads an option as a whole number in [min, max]. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`give a whole number from ${min} to ${max}`);
  };
}

/** Reads an option as a number in [min, max]. */
export function decimal(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`give a number from ${min} to ${max}`);
  };
}

/** An abort signal that Ctrl-C fires; the second Ctrl-C ends the process as usual. */
export function untilInterrupted(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort(signal));
  return controller.signal;
}

/** @returns a chain id. @throws CLI_USAGE */
export function checkChain(text: string): string {
  if (/^[0-9a-f]{64}$/.test(text)) return text;
  throw new MurmurError({
    code: 'CLI_USAGE',
    message: `--chain takes 64 hexadecimal digits, not "${text}"`,
    remedy: 'murmur status --json prints it as swarm.id',
  });
}
