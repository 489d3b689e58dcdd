import { protectDeviceKeys, unprotectDeviceKeys } from '../../src/keys/device-keys.ts';
import { dieAt } from './die-at.ts';

/** `protect|unprotect FOLDER STEP`: killed before that change of the disk, or done where there are fewer. */
const [, , what, folder = '', step] = process.argv;
const entropy = { bytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)) };
dieAt(Number(step));
if (what === 'unprotect') unprotectDeviceKeys(folder, 'long enough');
else protectDeviceKeys(folder, 'long enough', { nowMs: 1, entropy, cost: { memoryKiB: 64, passes: 1, lanes: 1 } });
