import type { Command } from 'commander';
import { statusScreen } from '../screens/status.ts';
import { connect, printJson, printLines, type RemoteOptions, remote } from './shared.ts';

export function registerStatus(program: Command): void {
  remote(program.command('status'))
    .description('how the swarm is: quorum, ledger, job, quarantines')
    .addHelpText('after', '\nExamples\n  murmur status\n  murmur status --json | jq .ledger.height')
    .action(async (options: RemoteOptions) => {
      const snapshot = await (await connect(options)).swarm();
      if (options.json) printJson(snapshot);
      else printLines(statusScreen(snapshot));
    });
}
