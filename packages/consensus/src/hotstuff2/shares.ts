import { refused } from '../loop/shell.ts';
import { type Statement, statementBytes } from '../quorum/statement.ts';
import { type AggregateCertificate, bitmapOf, SHARE_DOMAIN } from './certificates.ts';
import { type Peer, type Share, type State, strike } from './state.ts';

/**
 * Adds up shares of one statement as soon as there are Q. The sum is checked first, by one pairing; only where it is
 * bad is each share looked at: a bad one is taken out of `held`, and who sent it is no longer believed.
 * @param fits which of `held` are of this statement
 */
export function combine<Held extends Share>(
  state: State,
  statement: Statement,
  held: Map<number, Held>,
  fits: (one: Held) => boolean,
): AggregateCertificate | undefined {
  for (;;) {
    const chosen = choose(state, held, fits);
    if (chosen === undefined) return undefined;
    const replicas = chosen.map(([replica]) => replica);
    const signature = state.keys.multisignature.aggregate(chosen.map(([, { share }]) => share));
    if (signature !== undefined && signs(state, statement, replicas, signature)) {
      for (const [, share] of chosen) share.verified = true;
      const { epoch, view } = statement;
      return { epoch, view, signers: bitmapOf(replicas, state.n), signature };
    }
    const bad = chosen.filter(([replica, share]) => !holds(state, statement, replica, share));
    for (const [replica] of bad) held.delete(replica);
    if (bad.length === 0) return undefined;
  }
}

/** @returns Q of those that fit, by ascending replica, the verified before others */
function choose<Held extends Share>(
  { q }: State,
  held: ReadonlyMap<number, Held>,
  fits: (one: Held) => boolean,
): [number, Held][] | undefined {
  const fitting = [...held].filter(([, one]) => fits(one));
  if (fitting.length < q) return undefined;
  fitting.sort(([a, x], [b, y]) => Number(y.verified) - Number(x.verified) || a - b);
  return fitting.slice(0, q);
}

/** Checks one share by itself, once. A bad one makes its sender a suspect. */
export function holds(state: State, statement: Statement, replica: number, share: Share): boolean {
  share.verified ||= signs(state, statement, [replica], share.share);
  if (share.verified) return true;
  (state.peers[replica] as Peer).suspect = true;
  strike(state, replica);
  refused(state, 'bad-share', replica);
  return false;
}

function signs(state: State, statement: Statement, replicas: readonly number[], signature: Uint8Array): boolean {
  const publicKeys = replicas.map((replica) => state.keys.publicKeys[replica] as Uint8Array);
  const signed = statementBytes(state.set.chainId, statement);
  return state.keys.multisignature.verify(SHARE_DOMAIN, signed, publicKeys, signature);
}
