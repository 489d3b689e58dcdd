import { protectDeviceKeys, unprotectDeviceKeys } from '../../src/keys/device-keys.ts';
import { rotateDeviceKey } from '../../src/keys/rotate-device.ts';
import { dieAt } from './die-at.ts';

/** `protect|unprotect|rotate FOLDER STEP`: killed before that change of the disk, or done where there are fewer. */
const [, , what, folder = '', step] = process.argv;
const entropy = { bytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)) };
const passphrase = 'long enough';
const options = { nowMs: Date.now(), entropy, cost: { memoryKiB: 64, passes: 1, lanes: 1 } };
dieAt(Number(step));
if (what === 'unprotect') unprotectDeviceKeys(folder, passphrase);
else if (what === 'rotate') rotateDeviceKey(folder, { ...options, passphrase });
else protectDeviceKeys(folder, passphrase, options);
