import type { Command } from 'commander';
import { roundScreen, roundsScreen } from '../screens/rounds.ts';
import { connect, printJson, printLines, type RemoteOptions, remote, wholeNumber } from './shared.ts';

interface Options extends RemoteOptions {
  readonly job?: string;
  readonly round?: number;
  readonly limit: number;
}

export function registerRounds(program: Command): void {
  remote(program.command('rounds'))
    .description('rounds of a training job, newest first; one round with every update and its verdict')
    .option('--job <id>', 'the job; without it, the one that runs or ran last')
    .option('--round <number>', 'show this round in detail', wholeNumber(1, 1_000_000))
    .option('--limit <number>', 'rounds to list', wholeNumber(1, 200), 30)
    .addHelpText('after', '\nExamples\n  murmur rounds\n  murmur rounds --round 7\n  murmur rounds --job demo --json')
    .action(async (options: Options) => {
      const client = await connect(options);
      const job = options.job ?? (await client.currentJob()).job;
      if (options.round !== undefined) {
        const detail = await client.round({ job, round: options.round });
        if (options.json) printJson(detail);
        else printLines(roundScreen(detail, (await client.swarm()).devices));
        return;
      }
      const { items } = await client.rounds({ job, limit: options.limit });
      if (options.json) printJson({ job, rounds: items });
      else printLines(roundsScreen(items));
    });
}
