import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Check } from './examine.ts';

const DAY_MS = 24 * 3_600_000;
/** Time enough to rotate at leisure. */
const SOON_DAYS = 30;

/** How the keys of the device in `home` are kept, and how long they are certified. */
export async function deviceKeys(home: string): Promise<readonly Check[]> {
  const { areKeysClear, areKeysProtected, deviceStoreOf, homeExists } = await import('@murmuration/node');
  if (!homeExists(home)) return [{ name: 'keys', state: 'ok', found: `none yet in ${home}; made at the first start` }];
  const isProtected = areKeysProtected(home);
  const files = ['root.key', 'operational.key'].map((file) => path.join(home, file));
  const open = [...files, deviceStoreOf(home)].find((file) => existsSync(file) && isOpen(file));
  return [
    open === undefined ? protection(home, isProtected, areKeysClear(home)) : openToOthers(open),
    await certificate(home),
  ];
}

function protection(home: string, isProtected: boolean, isClear: boolean): Check {
  const protect = `run: murmur keys protect --home ${home}`;
  if (!isProtected) {
    const found = `those in ${home} are in clear: whoever reads the disk or a copy of it has them`;
    return { name: 'keys', state: 'warning', found, advice: protect };
  }
  if (!isClear) return { name: 'keys', state: 'ok', found: `those in ${home} are under a passphrase` };
  const found = `${home} has clear files beside those under the passphrase, as a crash leaves them`;
  return { name: 'keys', state: 'warning', found, advice: protect };
}

function isOpen(file: string): boolean {
  return process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0;
}

function openToOthers(file: string): Check {
  const found = `${file} with mode ${(statSync(file).mode & 0o777).toString(8)}`;
  return { name: 'keys', state: 'failed', found, advice: `run: chmod 600 ${file}` };
}

async function certificate(home: string): Promise<Check> {
  const { certificateOfHome } = await import('@murmuration/node');
  const name = 'certificate';
  try {
    const { epoch, notAfterMs } = certificateOfHome(home);
    const days = Math.floor((notAfterMs - Date.now()) / DAY_MS);
    const found = `key of epoch ${epoch}, certified until ${new Date(notAfterMs).toISOString().slice(0, 10)}`;
    if (days >= SOON_DAYS) return { name, state: 'ok', found };
    const advice = `run: murmur keys rotate-device --home ${home}`;
    return { name, state: days < 0 ? 'failed' : 'warning', found, advice };
  } catch (error) {
    return { name, state: 'failed', found: String(error), advice: 'restore the home: murmur keys restore-device' };
  }
}
