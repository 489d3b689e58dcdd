import { describe, expect, test } from 'vitest';
import { type AtomicVerdict, type AtomicView, resolveAtomic } from '../../src/clusters/rule.ts';

type Rule = (view: AtomicView) => AtomicVerdict;
type Standing = 'absent' | 'prepared' | 'committed' | 'aborted';
/** One cluster: how the deal stands at each block time so far. A relayer may show any of these. */
interface Side {
  readonly history: readonly Standing[];
}

const DEADLINE = 3;
const END = 5;

/**
 * Every run of two clusters: blocks come on either side in any order, each may prepare at any time, and a relayer
 * shows any earlier state of the other side, or none, at any time.
 * @returns one in which one side commits while the other aborts or is not bound, if there is one
 */
function search(rule: Rule): string | undefined {
  const start: [Side, Side] = [{ history: ['absent'] }, { history: ['absent'] }];
  const seen = new Set<string>();
  const open: [Side, Side][] = [start];
  for (let sides = open.pop(); sides !== undefined; sides = open.pop()) {
    const name = JSON.stringify(sides);
    if (seen.has(name)) continue;
    seen.add(name);
    const ends = sides.map(({ history }) => history.at(-1));
    if (ends.includes('committed') && (ends.includes('aborted') || ends.includes('absent'))) return name;
    for (const self of [0, 1] as const) {
      for (const next of successors(rule, sides, self)) {
        const after = [...sides] as [Side, Side];
        after[self] = { history: next };
        open.push(after);
      }
    }
  }
  return undefined;
}

function successors(rule: Rule, sides: [Side, Side], self: 0 | 1): Standing[][] {
  const { history } = sides[self];
  const other = sides[1 - self] as Side;
  const nowMs = history.length;
  if (nowMs > END) return [];
  const standing = history.at(-1) as Standing;
  const results: Standing[][] = [[...history, standing]];
  const role = self === 0 ? 'coordinator' : 'participant';
  if (standing === 'absent' && (role === 'participant' || nowMs < DEADLINE)) results.push([...history, 'prepared']);
  if (standing !== 'prepared') return results;
  const shown = [null, ...other.history.map((state, timeMs) => ({ state, timeMs }))];
  for (const one of shown) {
    const verdict = rule({ role, deadlineMs: DEADLINE, nowMs, other: one });
    if (verdict !== 'undecided') results.push([...history, verdict === 'commit' ? 'committed' : 'aborted']);
  }
  return results;
}

describe('the rule of a commit across two clusters', () => {
  test('in no run does one commit what the other aborts', () => {
    expect(search(resolveAtomic)).toBeUndefined();
  });

  test.each<[string, Rule]>([
    [
      'a participant that aborts by its own clock',
      (view) => (view.role === 'participant' && view.nowMs >= view.deadlineMs ? 'abort' : resolveAtomic(view)),
    ],
    [
      'a participant that takes absence for an abort, whenever it was',
      (view) => (view.role === 'participant' && view.other?.state === 'absent' ? 'abort' : resolveAtomic(view)),
    ],
    [
      'a coordinator that commits after the deadline',
      (view) => (view.other?.state === 'prepared' && view.role === 'coordinator' ? 'commit' : resolveAtomic(view)),
    ],
    [
      'a coordinator that does not wait for the other',
      (view) => (view.role === 'coordinator' && view.nowMs < view.deadlineMs ? 'commit' : resolveAtomic(view)),
    ],
  ])('known bad: %s', (_, rule) => {
    expect(search(rule)).toMatch(/committed/);
  });
});
