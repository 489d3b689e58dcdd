import { toHex } from '@murmuration/core';
import { Cluster, type Faults } from './cluster.ts';

export const ROUGH: Faults = { loss: 0.1, duplication: 0.1, maxDelayMs: 30, crash: 0.001, amnesia: false };

/** A random life: faults, partitions, requests, reads, snapshots, changes of members and transfers, all from the seed. */
export function live(
  seed: number,
  faults: Faults = ROUGH,
  changes = true,
): { cluster: Cluster; proposed: Set<string> } {
  const cluster = new Cluster(5, seed, { faults, voters: changes ? [0, 1, 2] : [0, 1, 2, 3, 4] });
  const { random } = cluster;
  const proposed = new Set<string>();
  const floors = new Map<number, number>();
  for (let turn = 0; turn < 80; turn++) {
    const one = random.below(5);
    switch (random.below(8)) {
      case 0: {
        const sides = cluster.members.map(() => random.below(2));
        const oneWay = random.below(2) === 0;
        cluster.cut = (from, to) => sides[from] !== sides[to] && (!oneWay || sides[from] === 0);
        break;
      }
      case 1:
        cluster.cut = () => false;
        break;
      case 2:
        cluster.compact(one);
        break;
      case 3:
        if (changes) cluster.step(one, { kind: 'reconfigure', nowMs: cluster.nowMs, ...someMembers(random.below(4)) });
        break;
      case 4:
        cluster.step(one, { kind: 'transfer', nowMs: cluster.nowMs, to: random.below(5) });
        break;
      case 5:
        floors.set(turn, cluster.properties.highest);
        cluster.step(one, { kind: 'read', nowMs: cluster.nowMs, id: turn });
        break;
      default: {
        const request = `request ${turn}`;
        proposed.add(request);
        cluster.propose(one, request);
      }
    }
    cluster.run(40 + random.below(200));
    for (const [id, answer] of cluster.answers) {
      // Linearizable: what had been applied anywhere when the read was asked is in what it sees.
      if ('height' in answer && answer.height < (floors.get(id) as number))
        throw new Error(`a stale read, seed ${seed}`);
    }
  }
  return { cluster, proposed };
}

function someMembers(choice: number): { voters: number[]; learners: number[] } {
  const all = [
    { voters: [0, 1, 2], learners: [3] },
    { voters: [0, 1, 2, 3, 4], learners: [] },
    { voters: [2, 3, 4], learners: [0] },
    { voters: [0, 3], learners: [1, 2] },
  ];
  return all[choice] as { voters: number[]; learners: number[] };
}

/** Whether all heal after a life: every voter commits one more request within 20 s. */
export function heals(cluster: Cluster): boolean {
  cluster.heal();
  cluster.elect();
  cluster.propose(cluster.leader() as number, 'the last');
  const last = toHex(new TextEncoder().encode('the last'));
  const voters = () => cluster.at(cluster.leader() ?? 0).engine?.status.members.voters ?? [];
  return cluster.run(20_000, () => voters().every((i) => cluster.at(i).requests.has(last)));
}
