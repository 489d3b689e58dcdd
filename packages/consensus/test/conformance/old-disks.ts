import { expect, test } from 'vitest';
import { type Disk, Mesh } from './mesh.ts';
import type { ProtocolUnderTest } from './protocol.ts';

const N = 4;
/** Each leads at some time in the life. */
const VICTIMS = [0, 1];
/** Copies of a disk that are put back, spread over all that there were. */
const COPIES = 4;
/** How long after the copy the victim dies, where not at the end of the life; and whether all are restarted then. */
const WAYS = [
  [undefined, false],
  [12, false],
  [12, true],
] as const;
/** What is on its way when a process dies has arrived when its disk has been put back. */
const PAUSE_MS = 60;

interface Life {
  readonly mesh: Mesh;
  /** Times the victim wrote to its journal. */
  readonly writes: number;
  readonly copy: Disk | undefined;
}

/** Some heights with work of everybody, and a leader that is away for a while. @param copyAt after which write of the victim a copy is made */
function live(protocol: ProtocolUnderTest, victim: number, copyAt: number, asks: boolean, soonMs?: number): Life {
  const mesh = new Mesh(protocol, N, `old disk ${victim}`);
  mesh.asks = asks;
  let writes = 0;
  let copy: Disk | undefined;
  let until = Number.POSITIVE_INFINITY;
  mesh.onPersisted = (self) => {
    if (self !== victim || writes++ !== copyAt) return;
    copy = mesh.copyDisk(victim);
    until = mesh.nowMs + (soonMs ?? Number.POSITIVE_INFINITY);
  };
  for (let i = 0; i < 5 && mesh.nowMs < until; i++) {
    mesh.propose(i % N, `request ${i}`);
    mesh.run(Math.min(40, until - mesh.nowMs));
  }
  return { mesh, writes, copy };
}

/**
 * The victim comes back with the copy of its disk, is given work at once, and others go on.
 * @param together whether the others have just been restarted too, with their own disks
 */
function comeBack({ mesh, copy }: Life, victim: number, together = false): void {
  mesh.crash(victim);
  mesh.run(PAUSE_MS);
  if (copy !== undefined) mesh.putBack(victim, copy);
  for (let self = 0; together && self < N; self++) if (self !== victim) mesh.crash(self);
  for (let self = 0; self < N; self++) mesh.boot(self);
  mesh.propose(victim, 'told to who came back');
  mesh.run(30);
  for (let self = 0; self < N; self++) if (self !== victim) mesh.propose(self, `work of ${self}`);
}

/** Places at which `self` said two things, over all its lives. */
function contradictions(mesh: Mesh, self: number, saying: NonNullable<ProtocolUnderTest['saying']>): string[] {
  const said = new Map<string, string>();
  return mesh.sent.flatMap(({ from, bytes }) => {
    const word = from === self ? saying(bytes) : undefined;
    if (word == null) return [];
    const before = said.get(word.place) ?? word.says;
    said.set(word.place, word.says);
    return before === word.says ? [] : [word.place];
  });
}

/**
 * A replica that starts from an earlier copy of its disk, whichever, says nothing that contradicts what it has said, is
 * accused of nothing, and does not keep the others from agreeing.
 */
export function oldDisks(
  protocol: ProtocolUnderTest,
  saying: NonNullable<ProtocolUnderTest['saying']>,
  settle: (mesh: Mesh, ...requests: string[]) => boolean,
): void {
  const sample = (victim: number, asks: boolean) => {
    const { writes } = live(protocol, victim, -1, asks);
    return Array.from({ length: COPIES }, (_, i) => Math.floor((i * writes) / COPIES));
  };

  test('a replica that starts from any earlier copy of its disk contradicts itself nowhere, and work goes on', () => {
    for (const victim of VICTIMS) {
      for (const copyAt of sample(victim, true)) {
        for (const [soonMs, together] of WAYS) {
          const life = live(protocol, victim, copyAt, true, soonMs);
          comeBack(life, victim, together);
          const { mesh } = life;
          const others = [0, 1, 2, 3].filter((self) => self !== victim).map((self) => `work of ${self}`);
          expect([victim, copyAt, soonMs, settle(mesh, ...others)]).toEqual([victim, copyAt, soonMs, true]);
          expect([victim, copyAt, contradictions(mesh, victim, saying)]).toEqual([victim, copyAt, []]);
          expect(mesh.evidence).toEqual([]);
        }
      }
    }
  });

  test('known-bad: one that does not ask what others hold of its key contradicts itself', () => {
    const found = VICTIMS.some((victim) =>
      sample(victim, false).some((copyAt) => {
        const life = live(protocol, victim, copyAt, false);
        comeBack(life, victim);
        life.mesh.run(500);
        return contradictions(life.mesh, victim, saying).length > 0;
      }),
    );
    expect(found).toBe(true);
  });
}
