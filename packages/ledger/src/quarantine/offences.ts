import { quorum } from '@murmuration/consensus';
import { accept, type DeviceId, equalBytes, type Result, refuse, toHex } from '@murmuration/core';
import type { CommitResult } from '../commands/command.ts';
import { resultDigest } from '../learning/result-digest.ts';
import { OUTLIER_ROUNDS } from '../limits.ts';
import type { EvidenceBundle } from './evidence-bundle.ts';
import { type Finding, finding } from './finding.ts';
import type { Said, Testimony } from './testimony.ts';

/** Who votes in one epoch. */
type Seats = ReadonlySet<DeviceId>;

/** Two update hashes of one device for one round. An honest device keeps its signed command before it sends it. */
export function doubleUpdate(bundle: EvidenceBundle, { updates, results }: Testimony): Result<Finding> {
  const [first, second, stray] = updates;
  if (first === undefined || second === undefined) return refuse('statement-missing');
  if (stray !== undefined || results.length > 0) return refuse('stray-statement');
  if (updates.some(({ device }) => device !== bundle.accused)) return refuse('stray-statement');
  const { job, round } = first.command;
  if (second.command.job !== job || second.command.round !== round) return refuse('different-rounds');
  if (equalBytes(first.command.hash, second.command.hash)) return refuse('no-offence');
  const hashes = [toHex(first.command.hash), toHex(second.command.hash)].sort() as [string, string];
  const summary = `signed two different updates for round ${round} of job ${job}`;
  return accept(finding(bundle, [job, round], summary, { job, round, firstHash: hashes[0], secondHash: hashes[1] }));
}

/** A replica's result beside a quorum's other one. All inputs are fixed and the arithmetic is deterministic. */
export function resultMismatch(
  bundle: EvidenceBundle,
  { updates, results }: Testimony,
  epochs: readonly Seats[],
): Result<Finding> {
  const own = results.filter(({ device }) => device === bundle.accused);
  const others = results.filter(({ device }) => device !== bundle.accused);
  const [mine, stray] = own;
  if (mine === undefined) return refuse('statement-missing');
  if (stray !== undefined || updates.length > 0) return refuse('stray-statement');
  const seated = epochs.filter((seats) => seats.has(bundle.accused));
  if (seated.length === 0) return refuse('accused-is-no-replica');
  const agreed = agreedResult(others, seated);
  if (!agreed.ok) return agreed;
  const { job, round } = agreed.value;
  if (mine.command.job !== job || mine.command.round !== round) return refuse('different-rounds');
  if (equalBytes(resultDigest(mine.command), resultDigest(agreed.value))) return refuse('no-offence');
  const summary = `committed another result of round ${round} of job ${job} than the quorum`;
  const facts = { job, round, committed: toHex(mine.command.modelHash), quorum: toHex(agreed.value.modelHash) };
  return accept(finding(bundle, [job, round], summary, facts));
}

/** In each of two or more rounds: the accused's signed update, and a quorum that found it an outlier. */
export function poisonedUpdates(
  bundle: EvidenceBundle,
  { updates, results }: Testimony,
  epochs: readonly Seats[],
): Result<Finding> {
  const rounds: string[] = [];
  let used = 0;
  for (const update of updates) {
    const { job, round } = update.command;
    if (update.device !== bundle.accused) return refuse('stray-statement');
    const name = `${job} ${round}`;
    if (rounds.includes(name)) return refuse('stray-statement', `round ${name} twice`);
    const agreed = agreedResult(
      results.filter(({ command }) => command.job === job && command.round === round),
      epochs,
    );
    if (!agreed.ok) return agreed;
    const verdict = agreed.value.verdicts.find(({ device }) => device === bundle.accused);
    if (verdict?.outlier !== true) return refuse('no-offence');
    used += results.filter(({ command }) => command.job === job && command.round === round).length;
    rounds.push(name);
  }
  if (rounds.length < OUTLIER_ROUNDS) return refuse('statement-missing', `${rounds.length} rounds`);
  if (used !== results.length) return refuse('stray-statement');
  const named = [...rounds].sort();
  const summary = `sent updates that a quorum found to be outliers, in rounds ${named.join(', ')}`;
  return accept(finding(bundle, named, summary, { rounds: named.join(', ') }));
}

/**
 * The one result that a quorum of distinct replicas signed: a quorum of one epoch, whichever. At most f of each lie, so
 * none of them agrees on a result that the honest ones did not compute.
 */
function agreedResult(results: readonly Said<CommitResult>[], epochs: readonly Seats[]): Result<CommitResult> {
  const [first] = results;
  const signers = new Set(results.map(({ device }) => device));
  if (first === undefined || signers.size !== results.length) return refuse('statement-missing');
  const seated = epochs.filter((seats) => [...signers].every((device) => seats.has(device)));
  if (seated.length === 0) return refuse('stray-statement');
  if (!seated.some((seats) => signers.size >= quorum(seats.size)))
    return refuse('no-quorum', `${signers.size} replicas`);
  const digest = resultDigest(first.command);
  if (!results.every(({ command }) => equalBytes(resultDigest(command), digest))) return refuse('no-quorum');
  return accept(first.command);
}
