import type { Command } from 'commander';
import { passphraseFrom } from '../terminal/passphrase.ts';
import { readShare, writeShares } from './key-shares.ts';
import { printJson, printLines, wholeNumber } from './shared.ts';

interface HomeOptions {
  readonly home?: string;
  readonly passphraseFile?: string;
  readonly json?: boolean;
}

/** Commands of `murmur keys` that act on the keys of a device's home. */
export function registerDeviceKeys(keys: Command): void {
  ofHome(
    keys.command('protect'),
    'put the keys of a device under a passphrase; it is asked for at each start',
    'murmur keys protect --home ~/lark',
  ).action(protect);
  ofHome(
    keys.command('unprotect'),
    'keep the keys of a device in clear files again',
    'murmur keys unprotect --home ~/lark',
  ).action(unprotect);
  ofHome(
    keys.command('rotate-device'),
    'give a stopped device its next operational key; its next start has the ledger take it',
    'murmur keys rotate-device --home ~/lark',
  )
    .option('--keeps-vote', 'also for a replica of a swarm whose replicas never change: its votes keep their key')
    .action(rotateDevice);
  ofHome(
    keys.command('backup-device'),
    'split the keys of a device among holders; again after each rotation',
    'murmur keys backup-device --home ~/lark --threshold 3 --holders 5 --out shares',
  )
    .requiredOption('--threshold <number>', 'shares that give the keys back', wholeNumber(2, 255))
    .requiredOption('--holders <number>', 'shares to make', wholeNumber(2, 255))
    .requiredOption('-o, --out <folder>', 'one file for each holder; hand them out, then delete the folder')
    .action(backupDevice);
  ofHome(
    keys.command('restore-device').argument('<shares...>', 'files of holders'),
    'make the home of a device again from the shares of its holders',
    'murmur keys restore-device --home ~/lark shares/share-1 shares/share-4 shares/share-5',
  ).action(restoreDevice);
}

function ofHome(command: Command, about: string, example: string): Command {
  return command
    .description(about)
    .option('--home <folder>', 'home of the device; device.home of the configuration where it is left out')
    .option('--passphrase-file <file>', 'a file whose first line is the passphrase')
    .option('--json', 'one JSON object on standard output')
    .addHelpText('after', `\nExamples\n  ${example}`);
}

async function protect(options: HomeOptions): Promise<void> {
  const { areKeysProtected, protectHome, systemEntropy } = await import('@murmuration/node');
  const home = await homeOf(options);
  const words = await passphraseFrom(options, areKeysProtected(home) ? 'known' : 'new');
  protectHome(home, words, { nowMs: Date.now(), entropy: systemEntropy });
  say(options, { home, protected: true }, [
    `the keys of ${home} are under the passphrase, and the clear files are overwritten and gone`,
    'copies of the disk made before, and disks that write elsewhere, may still hold them: murmur keys rotate-device',
    'without the passphrase they are lost: murmur keys backup-device',
  ]);
}

async function unprotect(options: HomeOptions): Promise<void> {
  const { areKeysProtected, unprotectHome } = await import('@murmuration/node');
  const home = await homeOf(options);
  if (areKeysProtected(home)) unprotectHome(home, await passphraseFrom(options));
  say(options, { home, protected: false }, [`the keys of ${home} are in clear files, which only their owner may read`]);
}

async function rotateDevice(options: HomeOptions & { readonly keepsVote?: boolean }): Promise<void> {
  const { rotateDeviceKey, systemEntropy } = await import('@murmuration/node');
  const home = await homeOf(options);
  const passphrase = await passphraseOf(home, options);
  const { device, epoch, notAfterMs } = rotateDeviceKey(home, {
    nowMs: Date.now(),
    entropy: systemEntropy,
    passphrase,
    keepsVote: options.keepsVote === true,
  });
  say(options, { home, device, epoch, notAfterMs }, [
    `the next key of ${home} is certified: epoch ${epoch}, until ${new Date(notAfterMs).toISOString().slice(0, 10)}`,
    'start the device: it has the ledger take the key, and drops the old one at the start after that',
    'shares made before hold the old key: murmur keys backup-device',
  ]);
}

interface BackupOptions extends HomeOptions {
  readonly threshold: number;
  readonly holders: number;
  readonly out: string;
}

async function backupDevice(options: BackupOptions): Promise<void> {
  const { backUpDevice, systemEntropy } = await import('@murmuration/node');
  const { threshold, holders, out } = options;
  const home = await homeOf(options);
  const passphrase = await passphraseOf(home, options);
  const documents = backUpDevice(home, { threshold, holders }, { entropy: systemEntropy, passphrase });
  const files = writeShares(out, documents);
  say(options, { home, files, threshold }, [
    `wrote ${holders} shares to ${out}: any ${threshold} give the keys of the device back, fewer say nothing`,
    'give each to another holder, then delete the folder; make new ones after each rotation',
  ]);
}

async function restoreDevice(shares: readonly string[], options: HomeOptions): Promise<void> {
  const node = await import('@murmuration/node');
  const home = await homeOf(options);
  const device = node.restoreDevice(home, shares.map(readShare));
  say(options, { home, device }, [
    `${home} has the keys of ${device} again, in clear: murmur keys protect`,
    'start it in this home alone: two devices with one key contradict each other',
  ]);
}

async function homeOf({ home }: HomeOptions): Promise<string> {
  const { loadConfig } = await import('@murmuration/node');
  return loadConfig({ env: process.env, flags: { 'device.home': home } }).config['device.home'];
}

async function passphraseOf(home: string, options: HomeOptions): Promise<string | undefined> {
  const { areKeysProtected } = await import('@murmuration/node');
  return areKeysProtected(home) ? passphraseFrom(options) : undefined;
}

function say(options: HomeOptions, json: object, lines: readonly string[]): void {
  if (options.json) printJson(json);
  else printLines(lines);
}
