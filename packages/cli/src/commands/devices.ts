import type { Command } from 'commander';
import { devicesScreen } from '../screens/devices.ts';
import { connect, printJson, printLines, type RemoteOptions, remote } from './shared.ts';

export function registerDevices(program: Command): void {
  remote(program.command('devices'))
    .description('the devices of the swarm, their state and memory')
    .addHelpText('after', "\nExamples\n  murmur devices\n  murmur devices --json | jq '.devices[].name'")
    .action(async (options: RemoteOptions) => {
      const { devices } = await (await connect(options)).swarm();
      if (options.json) printJson({ devices });
      else printLines(devicesScreen(devices));
    });
}
