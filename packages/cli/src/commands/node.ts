import type { Command } from 'commander';
import type { NodeOptions } from '../device/run-device.ts';
import { wholeNumber } from './shared.ts';

export function registerNode(program: Command): void {
  program
    .command('node')
    .description('run one device in this process until Ctrl-C')
    .option('--home <folder>', 'home of the device: keys, certificate, store; made at the first start')
    .option('--name <name>', 'name that screens show, for a new home')
    .option('--listen <multiaddr...>', 'where to listen')
    .option('--join <multiaddr...>', 'a device of the swarm to join; one is enough')
    .option('--swarm <id>', 'join only the swarm with this id (64 hexadecimal digits)')
    .option('--passphrase-file <file>', 'first line opens the keys; asked for where they need it')
    .option('--port <number>', 'port of the HTTP API and dashboard; 0 picks a free one', wholeNumber(0, 65535), 0)
    .option('--json', 'print the start as one JSON object')
    .option('-c, --config <file>', 'TOML, YAML or JSON, by extension')
    .addHelpText(
      'after',
      `
A new device follows the ledger and trains; only replicas of the genesis vote.
Without --swarm it trusts the first swarm that answers at --join, for life.

Examples
  murmur node --home ~/lark --name lark --join /ip4/127.0.0.1/tcp/40001/p2p/12D3KooW…
  murmur node --home ~/lark            # again, later: it knows its swarm`,
    )
    .action(async (options: NodeOptions) => {
      const { runDevice } = await import('../device/run-device.ts');
      await runDevice(options);
    });
}
