import { bytes, encode, integer, list, struct, text, utf8 } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { type CommitResult, verdictSchema } from '../commands/command.ts';
import { MAX_DEVICES, MAX_JOB_ID_CHARS } from '../limits.ts';

const DOMAIN = utf8('murmur/ledger/result/1');
const factsSchema = struct({
  job: text(MAX_JOB_ID_CHARS),
  round: integer(1),
  modelHash: bytes(32),
  verdicts: list(verdictSchema, MAX_DEVICES),
});

/** @returns 32 bytes, equal for two results exactly where all their facts are */
export function resultDigest(result: Omit<CommitResult, 'kind'>): Uint8Array {
  return sha3_256(DOMAIN, encode(factsSchema, result));
}
