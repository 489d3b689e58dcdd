import { toHex } from '@murmuration/core';
import { decodeCheckpoints, decodeLightState, type SwarmSource } from '@murmuration/node';
import Type from 'typebox';
import { httpError } from '../errors/problem.ts';
import { BlockSchema, CheckpointsSchema } from '../schemas/ledger.ts';
import { PageQuerySchema, page } from '../schemas/page.ts';
import { pageDown } from './paging.ts';
import { route } from './route.ts';

const number = (description: string) => Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description });

export const ledgerRoutes = [
  route({
    id: 'blocks',
    method: 'GET',
    path: '/api/v1/ledger/blocks',
    permission: 'read',
    tag: 'ledger',
    summary: 'Blocks of the ledger, newest first',
    query: PageQuerySchema,
    answer: { kind: 'json', status: 200, schema: page('BlockPage', BlockSchema) },
    errors: ['CURSOR_INVALID'],
    handle: async ({ query }, { source }) => ({
      body: await pageDown(
        query,
        (below) => source.blocks(below),
        ({ height }) => height,
      ),
    }),
  }),
  route({
    id: 'genesis',
    method: 'GET',
    path: '/api/v1/ledger/genesis',
    permission: 'read',
    tag: 'ledger',
    summary: 'What the chain starts from; its hash is the chain id',
    answer: { kind: 'octets' },
    errors: ['STATE_UNKNOWN'],
    handle: async (_input, { source }) => ({ body: (await source.light({ kind: 'genesis' })) ?? notAtHand('genesis') }),
  }),
  route({
    id: 'checkpoints',
    method: 'GET',
    path: '/api/v1/ledger/checkpoints',
    permission: 'read',
    tag: 'ledger',
    summary: 'Certified states with the ends of epochs, oldest first, 16 at most',
    query: Type.Object(
      {
        epoch: Type.Optional(number('of this epoch and later ones')),
        height: Type.Optional(number('above this height')),
      },
      { additionalProperties: false },
    ),
    answer: { kind: 'json', status: 200, schema: CheckpointsSchema },
    errors: [],
    handle: async ({ query: { epoch = 0, height = 0 } }, { source }) => {
      const found = await source.light({ kind: 'checkpoints', epoch, height });
      const read = found === undefined ? undefined : decodeCheckpoints(found);
      const items = read?.ok === true ? read.value : [];
      return { body: { items: items.map(asHex) } };
    },
  }),
  route({
    id: 'state',
    method: 'GET',
    path: '/api/v1/ledger/state',
    permission: 'read',
    tag: 'ledger',
    summary: 'What stands under a key of the ledger, or that nothing does, with the proof',
    query: Type.Object(
      {
        height: number('of the newest checkpoint'),
        key: Type.String({ minLength: 1, maxLength: 256, description: 'a leaf: `device/ID`, `job/ID`' }),
      },
      { additionalProperties: false },
    ),
    answer: { kind: 'octets' },
    errors: ['STATE_UNKNOWN'],
    handle: async ({ query: { height, key } }, { source }) => ({ body: await readState(source, height, key) }),
  }),
];

interface Checkpoint {
  readonly epoch: number;
  readonly height: number;
  readonly stateDigest: Uint8Array;
  readonly certificate: Uint8Array;
  readonly epochProof: Uint8Array;
}

function asHex({ epoch, height, stateDigest, certificate, epochProof }: Checkpoint) {
  return {
    epoch,
    height,
    stateDigest: toHex(stateDigest),
    certificate: toHex(certificate),
    epochProof: toHex(epochProof),
  };
}

/** @throws STATE_UNKNOWN */
async function readState(source: SwarmSource, height: number, key: string): Promise<Uint8Array> {
  const found = await source.light({ kind: 'state', height, key });
  const read = found === undefined ? undefined : decodeLightState(found);
  return read?.ok === true ? read.value : notAtHand(`state at height ${height}`, height);
}

function notAtHand(what: string, height = 0): never {
  throw httpError(
    'STATE_UNKNOWN',
    `the ${what} is not at hand here`,
    'only the state of the newest checkpoint is kept: take it from /api/v1/ledger/checkpoints and ask again',
    { height },
  );
}
