import type { Command } from 'commander';
import { keysScreen } from '../screens/keys.ts';
import { passphraseFrom } from '../terminal/passphrase.ts';
import { registerDeviceKeys } from './device-keys.ts';
import { readShare, refuseOldShares, writeShares } from './key-shares.ts';
import { printJson, printLines, usageError, wholeNumber } from './shared.ts';

const DEFAULT_FILE = '.murmuration/keys.murmur';

interface KeysOptions {
  readonly file: string;
  readonly passphraseFile?: string;
  readonly json?: boolean;
}

export function registerKeys(program: Command): void {
  const keys = program
    .command('keys')
    .helpCommand(false)
    .description('keys under a passphrase: make, rotate, back up in shares, restore; the keys of a device likewise')
    .addHelpText(
      'after',
      `
The passphrase is asked for, or read from --passphrase-file, the file that MURMUR_PASSPHRASE_FILE names, or the systemd
credential murmur-passphrase. It is never taken from the command line or a variable, where others could see it.

Examples
  murmur keys new
  murmur keys add records --purpose wrapping
  murmur keys backup records --threshold 3 --holders 5 --out shares
  murmur keys protect --home ~/lark`,
    );
  kept(keys.command('new'), 'make an empty key store', 'murmur keys new --file clinic.keys').action(create);
  kept(keys.command('list'), 'names, versions and states; never secrets', 'murmur keys list').action(list);
  kept(keys.command('add').argument('<name>'), 'make a new key', 'murmur keys add records --purpose wrapping')
    .option('--purpose <word>', 'what the key is for', 'wrapping')
    .action(add);
  kept(
    keys.command('rotate').argument('<name>'),
    'a new version; the old one only opens',
    'murmur keys rotate records',
  ).action(rotate);
  kept(
    keys.command('backup').argument('<name>'),
    'split the active version among holders',
    'murmur keys backup records --threshold 3 --holders 5 --out shares',
  )
    .requiredOption('--threshold <number>', 'shares that give the key back', wholeNumber(2, 255))
    .requiredOption('--holders <number>', 'shares to make', wholeNumber(2, 255))
    .requiredOption('-o, --out <folder>', 'one file for each holder; hand them out, then delete the folder')
    .action(backup);
  kept(
    keys.command('restore').argument('<name>').argument('<shares...>', 'files of holders'),
    'put a key together from the shares of its holders',
    'murmur keys restore records shares/share-1 shares/share-4 shares/share-5',
  )
    .option('--purpose <word>', 'what the key is for', 'wrapping')
    .action(restore);
  kept(keys.command('passphrase'), 'choose another passphrase', 'murmur keys passphrase --home ~/lark')
    .option('--home <folder>', 'of the keys of the device that lives there, in place of --file')
    .option('--new-passphrase-file <file>', 'the new one; asked for where this is left out')
    .action(changePassphrase);
  registerDeviceKeys(keys);
}

function kept(command: Command, about: string, example: string): Command {
  return command
    .description(about)
    .option('--file <path>', 'the key store', DEFAULT_FILE)
    .option('--passphrase-file <file>', 'a file whose first line is the passphrase')
    .option('--json', 'one JSON object on standard output')
    .addHelpText('after', `\nExamples\n  ${example}`);
}

async function create(options: KeysOptions): Promise<void> {
  const { systemEntropy, writeKeyFile } = await import('@murmuration/node');
  writeKeyFile(options.file, await passphraseFrom(options, 'new'), [], systemEntropy, { fresh: true });
  say(options, { file: options.file, keys: [] }, [`made ${options.file}: put a copy where you keep backups`]);
}

async function list(options: KeysOptions): Promise<void> {
  const { readKeyFile } = await import('@murmuration/node');
  const { keys } = readKeyFile(options.file, await passphraseFrom(options));
  show(options, keys);
}

async function add(name: string, options: KeysOptions & { readonly purpose: string }): Promise<void> {
  const { addKey, newKey, systemEntropy } = await import('@murmuration/node');
  const { purpose } = options;
  await change(options, (keys) => addKey(keys, { name, purpose, nowMs: Date.now(), secret: newKey(systemEntropy) }));
}

async function rotate(name: string, options: KeysOptions): Promise<void> {
  const { rotateKey, systemEntropy } = await import('@murmuration/node');
  await change(options, (keys) => rotateKey(keys, name, Date.now(), systemEntropy));
}

interface BackupOptions extends KeysOptions {
  readonly threshold: number;
  readonly holders: number;
  readonly out: string;
}

async function backup(name: string, options: BackupOptions): Promise<void> {
  const { backUpKey, readKeyFile, systemEntropy } = await import('@murmuration/node');
  const { threshold, holders, out } = options;
  if (threshold > holders) {
    throw usageError(`${holders} shares never make ${threshold}`, 'give a --threshold of at most --holders');
  }
  refuseOldShares(out, holders);
  const { keys } = readKeyFile(options.file, await passphraseFrom(options));
  const documents = backUpKey(keys, name, { threshold, holders }, systemEntropy);
  const files = writeShares(out, documents);
  say(options, { files, threshold }, [
    `wrote ${holders} shares to ${out}: any ${threshold} give "${name}" back, fewer say nothing`,
    'give each to another holder, then delete the folder',
  ]);
}

async function restore(
  name: string,
  shares: readonly string[],
  options: KeysOptions & { purpose: string },
): Promise<void> {
  const { addKey, restoreKey } = await import('@murmuration/node');
  const { purpose } = options;
  const secret = restoreKey(shares.map(readShare));
  await change(options, (keys) => addKey(keys, { name, purpose, nowMs: Date.now(), secret }));
}

interface ChangeOptions extends KeysOptions {
  readonly home?: string;
  readonly newPassphraseFile?: string;
}

async function changePassphrase(options: ChangeOptions): Promise<void> {
  const { home } = options;
  const node = await import('@murmuration/node');
  const { systemEntropy: entropy } = node;
  const file = home === undefined ? options.file : node.deviceStoreOf(home);
  const former = await passphraseFrom(options);
  const { keys } = node.readKeyFile(file, former);
  const given = options.newPassphraseFile === undefined ? {} : { passphraseFile: options.newPassphraseFile };
  const next = await passphraseFrom({ ...given, other: true }, 'new');
  if (home === undefined) node.writeKeyFile(file, next, keys, entropy);
  else node.changeHomePassphrase(home, { former, next }, { entropy });
  say(options, { file }, [`${file} now opens with the new passphrase; copies made before still open with the old one`]);
}

type Keys = Parameters<typeof keysScreen>[0];
type StoredKeys = Awaited<ReturnType<typeof import('@murmuration/node')['readKeyFile']>>['keys'];

async function change(options: KeysOptions, make: (keys: StoredKeys) => StoredKeys): Promise<void> {
  const { readKeyFile, systemEntropy, writeKeyFile } = await import('@murmuration/node');
  const passphrase = await passphraseFrom(options);
  const keys = make(readKeyFile(options.file, passphrase).keys);
  writeKeyFile(options.file, passphrase, keys, systemEntropy);
  show(options, keys);
}

/** Without the secrets, here and everywhere. */
function show(options: KeysOptions, keys: StoredKeys): void {
  const rows: Keys = keys.map(({ name, purpose, version, state, createdMs }) => ({
    name,
    purpose,
    version,
    state,
    createdMs,
  }));
  say(options, { file: options.file, keys: rows }, keysScreen(rows));
}

function say(options: KeysOptions, json: object, lines: readonly string[]): void {
  if (options.json) printJson(json);
  else printLines(lines);
}
