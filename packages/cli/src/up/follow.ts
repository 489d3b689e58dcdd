import type { RoundView, Swarm, SwarmSnapshot } from '@murmuration/node';
import { quarantineLine } from '../screens/quarantine.ts';
import { roundCells } from '../screens/rounds.ts';
import type { LiveScreen } from '../terminal/live.ts';
import { dim, yellow } from '../terminal/style.ts';
import { pad } from '../terminal/table.ts';

const TITLES = ['round', 'devices', 'accepted', 'refused', 'accuracy', 'time', 'model'];
const WIDTHS = [7, 7, 8, 7, 8, 7, 12];

/** Prints rounds, quarantines and lost devices as they happen. @returns a function that ends it */
export function follow(swarm: Swarm, job: string, screen: LiveScreen): () => void {
  const seen = { rounds: new Set<number>(), quarantined: new Set<string>() };
  screen.line(dim(row(TITLES)));
  const look = (snapshot: SwarmSnapshot) => {
    for (const round of snapshot.job?.history ?? []) {
      if (round.job !== job || seen.rounds.has(round.round) || !isComplete(round)) continue;
      seen.rounds.add(round.round);
      screen.line(row(roundCells(round).filter((_, column) => column !== 1)));
    }
    for (const entry of snapshot.quarantines) {
      if (seen.quarantined.has(entry.device)) continue;
      seen.quarantined.add(entry.device);
      screen.line(`  ${quarantineLine(entry, snapshot.devices)}`);
    }
    screen.status(statusOf(snapshot));
  };
  const stop = swarm.subscribe((event) => {
    if (event.kind === 'snapshot') look(event.snapshot);
    if (event.kind === 'log' && event.level !== 'info') screen.line(`  ${yellow('!')} ${event.text}`);
  });
  return () => {
    stop();
    look(swarm.snapshot());
    screen.end();
  };
}

/** Finalised, and its accuracy measured: the line is printed once and never changed. */
function isComplete(round: RoundView): boolean {
  return round.state === 'void' || (round.state === 'finalised' && round.accuracy !== null);
}

function statusOf({ job, quorum, ledger }: SwarmSnapshot): string {
  const round = job === null ? 'waiting for a job' : `round ${job.round} of ${job.rounds}`;
  return `  ${round} · ${quorum.live} of ${quorum.replicas} replicas · ledger height ${ledger.height}`;
}

function row(cells: readonly string[]): string {
  return `  ${cells.map((cell, i) => pad(cell, WIDTHS[i] ?? 0, i === cells.length - 1 ? 'left' : 'right')).join('  ')}`;
}
