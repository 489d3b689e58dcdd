import { equalBytes } from '@murmuration/core';
import type { Signer } from '@murmuration/crypto';
import { type AggregationResult, createMaskingClient } from '@murmuration/privacy';
import { createWorld, runWorld, seededEntropy } from '../../../../privacy/test/secure-aggregation/world.ts';
import type { SumGroup } from '../../../src/index.ts';

const SILENT = () => ({ fill: () => undefined });

/** Sums groups through the production client and aggregator; members that are not there are lost after their shares. */
export function maskedSums(results: AggregationResult[] = []): SumGroup {
  return (plan, members) => {
    const { job, round, group, seed, length, bound, colluders, roster, noiseVariance } = plan;
    const seedText = `${job} ${round} ${group}`;
    const world = createWorld({
      ...{
        seedText,
        size: plan.members.length,
        members: plan.members,
        job,
        round,
        group,
        seed,
        length,
        bound,
        colluders,
      },
      ...{ roster, client: { noise: SILENT }, ...(noiseVariance === null ? {} : { noiseVariance }) },
    });
    if (!equalBytes(world.plan.digest, plan.digest)) throw new Error('another plan');
    const clients = plan.members.map((_, self) => {
      const own = members.find(({ member }) => member === self);
      const deps = {
        signer: world.signers[self] as Signer,
        keyOf: (member: number) => world.signers[member]?.publicKey,
        isCommitted: (statement: Uint8Array) => world.committed.some((known) => equalBytes(known, statement)),
        entropy: seededEntropy(`${seedText} ${self}`),
        noise: own?.noise ?? SILENT,
      };
      return createMaskingClient(deps, plan, self, own?.vector ?? new Int32Array(length));
    });
    const present = new Set(members.map(({ member }) => member));
    const { result, refused } = runWorld({ ...world, clients }, (member) => (present.has(member) ? 'none' : 'shares'));
    if (refused.length > 0) throw new Error(refused.join(', '));
    if (result !== undefined) results.push(result);
    return result ?? null;
  };
}
