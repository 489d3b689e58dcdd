import { isMurmurError } from '@murmuration/core';
import { type RunningDevice, startDevice } from '../device.ts';
import { passphraseFileOf, readPassphraseFile } from '../keys/passphrase-file.ts';
import type { DeviceProcessOptions, DeviceReport, FromDevice, PlainError, Question, ToDevice } from './ipc.ts';

const REPORT_EVERY_MS = 500;

/** A forked device: runs until it is told to stop, or its supervisor is gone. */
export async function runDeviceProcess(): Promise<void> {
  const options = JSON.parse(process.argv[2] ?? '{}') as DeviceProcessOptions;
  // Ctrl-C reaches the whole process group; the supervisor alone decides when devices stop.
  process.on('SIGINT', () => undefined);
  let device: RunningDevice | undefined;
  let stopping = false;
  const stop = async (code: number) => {
    if (stopping) return;
    stopping = true;
    await device?.[Symbol.asyncDispose]();
    process.exit(code);
  };
  process.on('disconnect', () => void stop(0));
  process.on('SIGTERM', () => void stop(0));
  try {
    // A device of a local swarm has no terminal of its own.
    const file = passphraseFileOf(process.env);
    const passphrase = file === undefined ? undefined : () => readPassphraseFile(file);
    device = await startDevice({ ...options, passphrase, onFatal: (error) => void fail(error) });
  } catch (error) {
    await fail(error);
    return;
  }
  serve(device, () => void stop(0));

  async function fail(error: unknown): Promise<void> {
    await tell({ kind: 'failed', error: plain(error) });
    await stop(1);
  }
}

function serve(device: RunningDevice, stop: () => void): void {
  void tell({ kind: 'listening', device: device.device, addresses: device.addresses() });
  let subscribed = false;
  process.on('message', (message: ToDevice) => {
    if (message.kind === 'dial') void device.dial(message.address);
    else if (message.kind === 'ask') void answer(device, message.id, message.question);
    else if (message.kind === 'stop') stop();
    else if (!subscribed) {
      subscribed = true;
      device.source.subscribe((event) => {
        if (event.kind !== 'snapshot') void tell({ kind: 'event', event });
      });
    }
  });
  const report = createReporter(device);
  setInterval(() => void tell({ kind: 'report', report: report() }), REPORT_EVERY_MS);
}

function createReporter(device: RunningDevice): () => DeviceReport {
  const { chain } = device.services;
  const roots: { height: number; root: string }[] = [];
  const quarantinedAtMs: Record<string, number> = {};
  const noteRoot = () => {
    roots.push({ height: chain.height, root: Buffer.from(chain.stateRoot).toString('hex') });
    if (roots.length > 64) roots.shift();
  };
  noteRoot();
  chain.onJump(noteRoot);
  chain.onBlock(({ events }) => {
    noteRoot();
    for (const event of events) if (event.kind === 'quarantined') quarantinedAtMs[event.device] = Date.now();
  });
  return () => ({
    snapshot: device.source.snapshot(),
    roots: [...roots],
    latenciesMs: device.services.submit.recentLatenciesMs,
    lieAtMs: device.services.lieAtMs,
    quarantinedAtMs: { ...quarantinedAtMs },
  });
}

async function answer(device: RunningDevice, id: number, question: Question): Promise<void> {
  try {
    await tell({ kind: 'answer', id, value: await ask(device, question) });
  } catch (error) {
    await tell({ kind: 'answer', id, error: plain(error) });
  }
}

function ask(device: RunningDevice, question: Question): Promise<unknown> {
  const { source } = device;
  switch (question.method) {
    case 'blocks':
      return source.blocks(question.query);
    case 'evidence':
      return source.evidence(question.query);
    case 'rounds':
      return source.rounds(question.job, question.query);
    case 'round':
      return source.round(question.job, question.round);
    case 'evidenceBundle':
      return source.evidenceBundle(question.evidence);
    case 'light':
      return source.light(question.question);
    case 'openJob':
      return source.openJob(question.request);
    case 'changeReplica':
      return source.changeReplica(question.device, question.change);
    case 'placeData':
      return device.places.place(question.data);
    case 'metrics':
      return device.metrics();
  }
}

function tell(message: FromDevice): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send?.(message, undefined, {}, () => resolve());
    else resolve();
  });
}

function plain(error: unknown): PlainError {
  if (isMurmurError(error)) return { code: error.code, message: error.message, remedy: error.remedy };
  const { message, stack } = error as Error;
  return { code: 'DEVICE_INTERNAL', message: stack ?? message, remedy: undefined };
}
