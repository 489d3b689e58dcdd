import { seededRandom, shuffle, utf8 } from '@murmuration/core';
import { createSigner, type Signer, sha3_256 } from '@murmuration/crypto';
import { expect, test } from 'vitest';
import {
  type Committee,
  committeeQuorum,
  createStatementCommitter,
  encodeStatementCertificate,
  rosterStatement,
  type StatementSignature,
  type StatementVote,
  survivorStatement,
  verifyStatementCertificate,
} from '../../src/secure-aggregation/index.ts';
import { createWorld } from './world.ts';

const { plan, signers } = createWorld({ seedText: 'committer', size: 5 });
const everyone = new Set(plan.members.keys());
const statementOf = (...survivors: number[]) =>
  survivorStatement(plan, { sharers: everyone, survivors: new Set(survivors) });
const A = statementOf(0, 1, 2, 3, 4);
const B = statementOf(0, 1, 2, 3);

function committeeOf(n: number): { readonly committee: Committee; readonly replicas: readonly Signer[] } {
  const replicas = Array.from({ length: n }, (_, i) => createSigner(sha3_256(utf8(`replica ${i}`))));
  const keys = replicas.map(({ publicKey }) => publicKey);
  return { committee: { chainId: sha3_256(utf8('chain')), epoch: 0, keys }, replicas };
}

const keyOf = (_: unknown, member: number) => signers[member]?.publicKey;

/** Whether both statements get certificates, when `liars` sign everything and a server asks the rest in any order. */
function bothCertified(n: number, liars: number, seed: string): boolean {
  const { committee, replicas } = committeeOf(n);
  const random = seededRandom(seed);
  const lying = new Set(shuffle(random, [...replicas.keys()]).slice(0, liars));
  const got = [A, B].map((): StatementSignature[] => []);
  for (const [replica, signer] of replicas.entries()) {
    const committer = createStatementCommitter({ committee, signer, keyOf });
    const fresh = () => createStatementCommitter({ committee, signer, keyOf });
    const asked = random.below(2) === 0 ? [0, 1] : [1, 0];
    for (const which of asked) {
      // A liar forgets what it signed.
      const signed = (lying.has(replica) ? fresh() : committer).sign(plan, which === 0 ? A : B);
      if (signed.ok) got[which]?.push({ replica, signature: signed.value.signature });
    }
  }
  return [A, B].every(
    (statement, which) =>
      verifyStatementCertificate(committee, statement, encodeStatementCertificate(got[which] ?? [])).ok,
  );
}

test('two survivor sets of one plan never both get a certificate with up to f lying replicas', () => {
  for (const n of [1, 4, 5, 6, 7, 10]) {
    const f = Math.floor((n - 1) / 3);
    for (let run = 0; run < 6; run++) expect([n, run, bothCertified(n, f, `${n} ${run}`)]).toEqual([n, run, false]);
  }
});

test('with f + 1 liars beyond what the quorum bears they can: positive control', () => {
  const both = Array.from({ length: 20 }, (_, run) => bothCertified(4, 2, `control ${run}`));
  expect(both).toContain(true);
});

test('by counting: any two quorums of n overlap in more than f replicas, and honest ones alone are a quorum', () => {
  for (let n = 1; n <= 128; n++) {
    const f = Math.floor((n - 1) / 3);
    const quorum = committeeQuorum({ keys: Array.from({ length: n }, () => new Uint8Array(32)) });
    expect(2 * quorum - n).toBeGreaterThan(f);
    expect(quorum).toBeLessThanOrEqual(n - f);
  }
});

test('a replica remembers its vote across lives, repeats it, and signs nothing for a round that is over', () => {
  const { committee, replicas } = committeeOf(4);
  const deps = { committee, signer: replicas[0] as Signer, keyOf };
  const first = createStatementCommitter(deps);
  const signed = first.sign(plan, A);
  const votes: StatementVote[] = signed.ok && signed.value.vote !== undefined ? [signed.value.vote] : [];
  expect(votes).toHaveLength(1);
  const again = createStatementCommitter(deps, votes);
  expect(again.sign(plan, B)).toMatchObject({ ok: false, reason: 'signed-another' });
  const repeated = again.sign(plan, A);
  expect(repeated).toMatchObject({ ok: true, value: { vote: undefined } });
  expect(repeated.ok && signed.ok && repeated.value.signature).toEqual(signed.ok && signed.value.signature);
  const { vote, forgotten } = again.retire(plan.job, plan.round);
  expect(forgotten).toEqual(votes.map(({ slot }) => slot));
  for (const committer of [again, createStatementCommitter(deps, [vote])]) {
    for (const statement of [A, B]) {
      expect(committer.sign(plan, statement)).toMatchObject({ ok: false, reason: 'round-over' });
    }
  }
});

test('a replica signs no roster without every signed key, and no survivors below what a group must hold', () => {
  const { committee, replicas } = committeeOf(4);
  const committer = createStatementCommitter({ committee, signer: replicas[0] as Signer, keyOf });
  const roster = rosterStatement(plan, new Map([[0, utf8('a key')]]));
  expect(committer.sign(plan, roster)).toMatchObject({ ok: false, reason: 'other-members' });
  expect(committer.sign(plan, roster, [])).toMatchObject({ ok: false, reason: 'other-members' });
  expect(committer.sign(plan, statementOf(0, 1))).toMatchObject({ ok: false, reason: 'too-few-survivors' });
  expect(committer.sign(plan, utf8('nothing'))).toMatchObject({ ok: false, reason: 'malformed-statement' });
});

test('a certificate is refused with a reason: too few, twice one replica, a stranger, another statement or chain', () => {
  const { committee, replicas } = committeeOf(4);
  const signatures = replicas.map((signer, replica) => {
    const signed = createStatementCommitter({ committee, signer, keyOf }).sign(plan, A);
    return { replica, signature: signed.ok ? signed.value.signature : new Uint8Array(64) };
  });
  const [first] = signatures as [StatementSignature];
  const reasonOf = (certificate: Uint8Array, statement = A, by = committee) => {
    const checked = verifyStatementCertificate(by, statement, certificate);
    return checked.ok ? 'taken' : checked.reason;
  };
  const whole = encodeStatementCertificate(signatures);
  expect(reasonOf(whole)).toBe('taken');
  expect(reasonOf(encodeStatementCertificate(signatures.slice(0, 2)))).toBe('too-few-signatures');
  expect(reasonOf(encodeStatementCertificate([first, first, first]))).toBe('too-few-signatures');
  expect(reasonOf(encodeStatementCertificate([...signatures.slice(0, 2), { ...first, replica: 9 }]))).toBe(
    'unknown-signer',
  );
  expect(reasonOf(whole, B)).toBe('bad-signature');
  expect(reasonOf(whole, A, { ...committee, epoch: 1 })).toBe('bad-signature');
  expect(reasonOf(whole, A, { ...committee, chainId: sha3_256(utf8('other')) })).toBe('bad-signature');
  expect(reasonOf(whole.subarray(1))).toBe('malformed-certificate');
});
