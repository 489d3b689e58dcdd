import { closeSync, fdatasyncSync, mkdirSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { availableParallelism, freemem } from 'node:os';
import path from 'node:path';
import { deviceKeys } from './device-keys.ts';

export interface Check {
  readonly name: string;
  readonly state: 'ok' | 'warning' | 'failed';
  /** What was measured, in words. */
  readonly found: string;
  readonly advice?: string;
}

/** Measures this machine; takes under a second. */
export async function examine(options: { home: string; device: string; port: number }): Promise<readonly Check[]> {
  return [
    runtime(),
    unicode(),
    processors(),
    memory(),
    disk(options.home),
    durability(options.home),
    ...(await deviceKeys(options.device)),
    await port(options.port),
    await training(),
    enclave(),
  ];
}

function runtime(): Check {
  const { node, openssl } = process.versions;
  const fits = Number(node.split('.')[0]) >= 26;
  const found = `Node ${node}, OpenSSL ${openssl}`;
  return fits
    ? { name: 'runtime', state: 'ok', found }
    : { name: 'runtime', state: 'failed', found, advice: 'Node 26 is needed' };
}

function unicode(): Check {
  const full = new Intl.DisplayNames(['cy'], { type: 'region', fallback: 'none' }).of('DE') !== undefined;
  const found = `ICU ${process.versions.icu}, CLDR ${process.versions.cldr ?? 'unknown'}`;
  return full
    ? { name: 'languages', state: 'ok', found }
    : { name: 'languages', state: 'failed', found, advice: 'built with small-icu; --data names needs full ICU' };
}

function processors(): Check {
  return { name: 'processors', state: 'ok', found: String(availableParallelism()) };
}

function memory(): Check {
  const mib = Math.round(freemem() / 2 ** 20);
  const found = `${mib} MiB free`;
  // Seven devices at 200 MB and the supervisor.
  return mib >= 1600
    ? { name: 'memory', state: 'ok', found }
    : { name: 'memory', state: 'warning', found, advice: 'seven devices want 1600 MiB; fewer run in less' };
}

function disk(home: string): Check {
  const place = existing(home);
  const { bavail, bsize } = statfsSync(place);
  const mib = Math.round((bavail * bsize) / 2 ** 20);
  const found = `${mib} MiB free at ${place}`;
  return mib >= 500
    ? { name: 'disk', state: 'ok', found }
    : { name: 'disk', state: 'failed', found, advice: 'a swarm wants 500 MiB' };
}

/** Votes are durable before they are sent, so the disk's sync rate bounds the commit latency. */
function durability(home: string): Check {
  const folder = path.join(existing(home), `.murmur-doctor-${process.pid}`);
  try {
    mkdirSync(folder);
    const file = openSync(path.join(folder, 'sync'), 'w');
    const started = performance.now();
    let writes = 0;
    while (performance.now() - started < 300) {
      writeSync(file, new Uint8Array(1024));
      fdatasyncSync(file);
      writes += 1;
    }
    closeSync(file);
    const perSecond = Math.round((1000 * writes) / (performance.now() - started));
    const found = `${perSecond} durable writes a second`;
    return perSecond >= 200
      ? { name: 'durability', state: 'ok', found }
      : { name: 'durability', state: 'warning', found, advice: 'each vote waits for the disk; expect slow rounds' };
  } catch (error) {
    return { name: 'durability', state: 'failed', found: String(error), advice: 'the home folder must be writable' };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function port(number: number): Promise<Check> {
  const { promise, resolve } = Promise.withResolvers<Check>();
  const server = createServer();
  server.once('error', (error: NodeJS.ErrnoException) =>
    resolve({
      name: 'port',
      state: 'warning',
      found: `${number}: ${error.code}`,
      advice: 'murmur up --port takes another',
    }),
  );
  server.listen(number, '127.0.0.1', () => {
    server.close(() => resolve({ name: 'port', state: 'ok', found: `127.0.0.1:${number} is free` }));
  });
  return promise;
}

async function training(): Promise<Check> {
  try {
    const { trainingEngine } = await import('@murmuration/node');
    return { name: 'training', state: 'ok', found: await trainingEngine() };
  } catch (error) {
    return { name: 'training', state: 'failed', found: String(error), advice: 'reinstall the packages' };
  }
}

/** Never claims what it did not see: enclaves here are software until attested hardware says otherwise. */
function enclave(): Check {
  const devices = ['/dev/sgx_enclave', '/dev/sev-guest', '/dev/tdx_guest'].filter((file) => {
    try {
      return statSync(file).isCharacterDevice();
    } catch {
      return false;
    }
  });
  return {
    name: 'enclave',
    state: 'ok',
    found:
      devices.length > 0
        ? `${devices.join(', ')} present, not used yet`
        : 'no hardware enclave; keys are kept in software',
  };
}

function existing(folder: string): string {
  let place = path.resolve(folder);
  for (;;) {
    try {
      if (statSync(place).isDirectory()) return place;
    } catch {
      // Not there yet: its parent's disk is the one that will hold it.
    }
    const parent = path.dirname(place);
    if (parent === place) return place;
    place = parent;
  }
}
