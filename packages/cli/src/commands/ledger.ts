import type { Client } from '@murmuration/sdk';
import type { Command } from 'commander';
import { blockLine } from '../screens/blocks.ts';
import { verifyLeaf } from './ledger-verify.ts';
import { connect, printJson, printLines, type RemoteOptions, remote, untilInterrupted, wholeNumber } from './shared.ts';

interface Options extends RemoteOptions {
  readonly lines: number;
  readonly follow?: boolean;
}

export function registerLedger(program: Command): void {
  const ledger = program.command('ledger').description('the ledger: what the replicas agreed on, in order');
  remote(ledger.command('tail'))
    .description('the newest blocks')
    .option('-n, --lines <number>', 'blocks to print', wholeNumber(1, 200), 20)
    .option('-f, --follow', 'go on as blocks are committed, until Ctrl-C')
    .addHelpText(
      'after',
      '\nExamples\n  murmur ledger tail\n  murmur ledger tail -n 5 --follow\n  murmur ledger tail --follow --json   # one JSON object a line',
    )
    .action(async (options: Options) => {
      const client = await connect(options);
      const { items } = await client.blocks({ limit: options.lines });
      const blocks = [...items].reverse();
      if (options.follow) return follow(client, options, blocks.at(-1)?.height ?? 0, blocks);
      if (options.json) printJson({ blocks });
      else printLines(blocks.map(blockLine));
    });
  remote(ledger.command('verify'))
    .argument('<key>', 'a leaf of the state: device/ID, job/ID, quarantine/ID, …')
    .description('read one leaf and verify it on this machine, from the chain id alone')
    .option('--chain <hex>', 'the chain id, learned elsewhere; without it the gateway’s own word is taken')
    .option('-o, --out <file>', 'write the value here, in its canonical encoding')
    .addHelpText(
      'after',
      `
Follows the certified states from the genesis over every change of the replicas, and checks a proof
of the value or of its absence. The gateway is not trusted; it can only keep newer states back.

Examples
  murmur ledger verify job/names-1 --chain 3f8a…
  murmur ledger verify device/murm… --json

Exits with 4 where nothing is proved.`,
    )
    .action(verifyLeaf);
}

type Blocks = Awaited<ReturnType<Client['blocks']>>['items'];

async function follow(client: Client, options: Options, from: number, first: Blocks): Promise<void> {
  const print = (blocks: Blocks) => {
    for (const block of blocks) process.stdout.write(`${options.json ? JSON.stringify(block) : blockLine(block)}\n`);
  };
  print(first);
  const stop = untilInterrupted();
  let height = from;
  while (!stop.aborted) {
    await pause(500, stop);
    const { items } = await client.blocks({ limit: 200 });
    const fresh = [...items].reverse().filter((block) => block.height > height);
    print(fresh);
    height = fresh.at(-1)?.height ?? height;
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  signal.addEventListener('abort', () => {
    clearTimeout(timer);
    resolve();
  });
  return promise;
}
