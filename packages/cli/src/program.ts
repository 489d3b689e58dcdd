import { MurmurError } from '@murmuration/core';
import { Command, type CommanderError } from 'commander';
import { registerCompletion } from './commands/completion.ts';
import { registerConfig } from './commands/config.ts';
import { registerDevices } from './commands/devices.ts';
import { registerDoctor } from './commands/doctor.ts';
import { registerEvidence } from './commands/evidence.ts';
import { registerKeys } from './commands/keys.ts';
import { registerLedger } from './commands/ledger.ts';
import { registerNode } from './commands/node.ts';
import { registerPrivacy } from './commands/privacy.ts';
import { registerRounds } from './commands/rounds.ts';
import { registerStatus } from './commands/status.ts';
import { registerTrain } from './commands/train.ts';
import { registerUp } from './commands/up.ts';
import { EXIT_HELP } from './exit-codes.ts';
import { VERSION } from './version.ts';

/** The whole command line. Heavy parts load when their command runs, so `--help` stays fast. */
export function createProgram(): Command {
  const program = new Command('murmur')
    .description('A swarm of devices whose owners do not trust each other, doing AI together.')
    .version(VERSION, '-v, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand(false)
    .showSuggestionAfterError(true)
    .addHelpText('after', EXIT_HELP);
  for (const register of [
    registerUp,
    registerNode,
    registerTrain,
    registerStatus,
    registerDevices,
    registerRounds,
    registerLedger,
    registerEvidence,
    registerPrivacy,
    registerKeys,
    registerDoctor,
    registerConfig,
    registerCompletion,
  ]) {
    register(program);
  }
  prepare(program);
  return program;
}

/** Commander would print and exit by itself; we want one way of reporting for every error. */
function prepare(command: Command): void {
  command.exitOverride().configureOutput({ outputError: () => {} });
  for (const child of command.commands) prepare(child);
}

const CODES: Readonly<Record<string, string>> = {
  'commander.unknownOption': 'CLI_UNKNOWN_OPTION',
  'commander.unknownCommand': 'CLI_UNKNOWN_COMMAND',
};

/** How commander tells of a value that an option does not take, and what ours say after it. */
const INVALID = /^option '(?:-\w, )?(--[\w-]+)[^']*' argument '(.*)' is invalid\. (?:Allowed choices are )?(.+?)\.?$/;

/** What commander found wrong, as an error like all others; undefined where it only printed help or a version. */
export function problemOf(error: CommanderError): MurmurError | undefined {
  if (error.exitCode === 0 || error.code === 'commander.help') return undefined;
  const [first = '', hint] = error.message.replace(/^error: /, '').split('\n');
  const [, option, given, range] = first.match(INVALID) ?? [];
  if (range !== undefined)
    return usageError(
      undefined,
      `${option} takes no "${given}"`,
      range.startsWith('give') ? range : `use one of ${range}`,
    );
  const remedy = hint?.match(/Did you mean (.*)\?/)?.[1];
  return usageError(CODES[error.code], first, remedy === undefined ? undefined : `did you mean ${remedy}?`);
}

function usageError(
  code: string | undefined,
  message: string,
  remedy = 'add --help to see what there is',
): MurmurError {
  switch (code) {
    case 'CLI_UNKNOWN_OPTION':
      return new MurmurError({ code: 'CLI_UNKNOWN_OPTION', message, remedy });
    case 'CLI_UNKNOWN_COMMAND':
      return new MurmurError({ code: 'CLI_UNKNOWN_COMMAND', message, remedy });
    default:
      return new MurmurError({ code: 'CLI_USAGE', message, remedy });
  }
}
