import { seededRandom } from '@murmuration/core';
import { createIdentity, type DeviceIdentity } from '@murmuration/identity';
import { type Command, chainIdOf, createLedger, type Genesis, type Receipt, signCommand } from '@murmuration/ledger';
import { expect, test } from 'vitest';
import { createAheadVerifier } from '../../src/adapters/verifier-ahead.ts';
import { openVerifierPool, type VerifierPool } from '../../src/adapters/verifier-pool.ts';
import { lookAhead } from '../../src/services/command-lookahead.ts';

const NOW_MS = 1_767_225_600_000;
const random = seededRandom('lookahead');
const entropy = { bytes: (length: number) => Uint8Array.from({ length }, () => random.below(256)) };
const identities = Array.from(
  { length: 4 },
  () => createIdentity(entropy, { nowMs: NOW_MS, validForMs: 86_400_000 }).identity,
);
const genesis: Genesis = {
  name: 'lookahead',
  createdMs: NOW_MS,
  seed: entropy.bytes(32),
  replicas: identities.map(({ certificateBytes }) => certificateBytes),
  names: identities.map((_, i) => `device ${i}`),
};
const chainId = chainIdOf(genesis);

function openJob(job: string): Command {
  return {
    kind: 'open-job',
    job,
    plan: new Uint8Array(3),
    rounds: 1,
    participants: identities.map(({ device }) => device).sort(),
  };
}

/** Good commands, one with a damaged signature, one signed by another device, and bytes that are no command. */
function requests(): Uint8Array[] {
  const [first, second] = identities as [DeviceIdentity, DeviceIdentity];
  const damaged = Uint8Array.from(signCommand(first, chainId, 3, openJob('damaged')));
  damaged.set([(damaged.at(-1) as number) ^ 1], damaged.length - 1);
  const forged = signCommand({ device: second.device, signer: first.signer }, chainId, 1, openJob('forged'));
  const good = [1, 2].map((sequence) => signCommand(first, chainId, sequence, openJob(`job-${sequence}`)));
  return [...good, damaged, forged, Uint8Array.of(1, 2, 3)];
}

async function idle(pool: VerifierPool): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  await expect.poll(() => pool.queued, { timeout: 20_000 }).toBe(0);
}

test('a ledger whose commands were looked at ahead gives the receipts of one that checks on the spot', async () => {
  await using pool = openVerifierPool({ workers: 1 });
  const verifier = createAheadVerifier(pool);
  const ledger = createLedger(genesis, { verify: verifier.verify });
  lookAhead(verifier, { ledger, chainId })(requests());
  await idle(pool);
  const block = { height: 1, timeMs: NOW_MS + 1, requests: requests() };
  const { receipts } = ledger.apply(block);
  const plain = createLedger(genesis);
  expect(receipts).toEqual(plain.apply(block).receipts);
  expect(ledger.root()).toEqual(plain.root());
  const reasons = receipts.map(({ outcome, reason }: Receipt) => reason ?? outcome);
  expect(reasons.slice(0, 4)).toEqual(['applied', 'applied', 'bad-signature', 'bad-signature']);
  expect(verifier.hits).toBe(4);
});
