import { existsSync, readFileSync } from 'node:fs';
import { MurmurError } from '@murmuration/core';
import type { Command } from 'commander';
import { moment } from '../terminal/format.ts';
import { bold, dim, green } from '../terminal/style.ts';
import { table } from '../terminal/table.ts';
import { checkChain, connect, printJson, printLines, type RemoteOptions, remote, writeOutput } from './shared.ts';

interface ShowOptions extends RemoteOptions {
  readonly out?: string;
}

export function registerEvidence(program: Command): void {
  const evidence = program.command('evidence').description('evidence against liars: look, keep, verify offline');
  remote(evidence.command('show'))
    .argument('[id]', 'which piece; without it, all of them')
    .description('list evidence, or show one piece and keep its bundle')
    .option('-o, --out <file>', 'write the bundle here')
    .addHelpText('after', '\nExamples\n  murmur evidence show\n  murmur evidence show 3f8a… --out proof.murmur')
    .action(show);
  remote(evidence.command('verify'))
    .argument('<file-or-id>', 'a bundle on this machine, or the id of one in the swarm')
    .description('verify a bundle on this machine: signatures, certificates, and that the statements prove a lie')
    .option('--chain <hex>', 'also require that it is about this swarm')
    .addHelpText(
      'after',
      `
Needs no network for a file: everything to check is in the bundle.

Examples
  murmur evidence verify proof.murmur
  murmur evidence verify 3f8a…

Exits with 4 where the bundle proves nothing.`,
    )
    .action(verify);
}

async function show(id: string | undefined, options: ShowOptions): Promise<void> {
  const client = await connect(options);
  if (id === undefined) {
    const { items } = await client.evidence({ limit: 200 });
    if (options.json) return printJson({ evidence: items });
    if (items.length === 0) return printLines(['no evidence: nobody was caught lying']);
    const rows = items.map((item) => [item.id, item.kind, item.accused.slice(4, 12), moment(item.atMs)]);
    return printLines(
      table([{ title: 'evidence' }, { title: 'kind' }, { title: 'accused' }, { title: 'committed' }], rows),
    );
  }
  const item = await client.evidenceById({ id });
  if (options.out !== undefined) writeOutput(options.out, await client.evidenceBundle({ id }));
  if (options.json) return printJson(item);
  printLines([
    `${bold(item.id)} ${item.kind}`,
    `  accused  ${item.accused}`,
    `  ledger   height ${item.height}, ${moment(item.atMs)}`,
    `  ${item.summary}`,
    dim(
      options.out === undefined
        ? `  verify: murmur evidence verify ${item.id}`
        : `  verify: murmur evidence verify ${options.out}`,
    ),
  ]);
}

async function verify(target: string, options: RemoteOptions & { readonly chain?: string }): Promise<void> {
  const { verifyEvidence } = await import('@murmuration/sdk');
  const bundle = existsSync(target) ? readFileSync(target) : await fetchBundle(target, options);
  const chainId = options.chain === undefined ? {} : { chainId: checkChain(options.chain) };
  const finding = verifyEvidence(new Uint8Array(bundle), chainId);
  if (!finding.ok) {
    throw new MurmurError({
      code: 'EVIDENCE_NOT_PROVEN',
      message: `the bundle proves nothing: ${finding.reason}${finding.detail === undefined ? '' : ` (${finding.detail})`}`,
      remedy: 'accuse nobody on it; ask for the bundle again from another device',
      facts: { reason: finding.reason },
    });
  }
  const { id, kind, accused, summary } = finding.value;
  if (options.json) return printJson({ verified: true, ...finding.value });
  printLines([`${green('✓ verified')} ${bold(kind)} ${dim(id)}`, `  accused  ${accused}`, `  ${summary}`]);
}

async function fetchBundle(id: string, options: RemoteOptions): Promise<Uint8Array> {
  if (/^[0-9a-f]{16,64}$/.test(id)) return (await connect(options)).evidenceBundle({ id });
  throw new MurmurError({
    code: 'CLI_NO_SUCH_BUNDLE',
    message: `"${id}" is neither a file here nor the id of evidence`,
    remedy: 'murmur evidence show lists the ids',
  });
}
