import type { DeviceView, RoundDetail, RoundView } from '@murmuration/node';
import { percent, seconds, shortHash } from '../terminal/format.ts';
import { dim, green, red } from '../terminal/style.ts';
import { type Column, table } from '../terminal/table.ts';
import { deviceName } from './quarantine.ts';

const COLUMNS: readonly Column[] = [
  { title: 'round', align: 'right' },
  { title: 'state' },
  // One of each device; in private rounds one of each group.
  { title: 'updates', align: 'right' },
  { title: 'accepted', align: 'right' },
  { title: 'refused', align: 'right' },
  { title: 'accuracy', align: 'right' },
  { title: 'time', align: 'right' },
  { title: 'model' },
];

export function roundsScreen(rounds: readonly RoundView[]): string[] {
  return table(COLUMNS, rounds.map(roundCells));
}

export function roundCells(round: RoundView): string[] {
  return [
    String(round.round),
    round.state,
    String(round.participants),
    String(round.accepted),
    round.refused > 0 ? red(String(round.refused)) : '0',
    percent(round.accuracy),
    seconds(round.seconds),
    dim(shortHash(round.modelHash)),
  ];
}

/** One round with every update: what came, what the rule made of it. */
export function roundScreen(round: RoundDetail, devices: readonly DeviceView[]): string[] {
  return [
    ...roundsScreen([round]),
    '',
    `attested by ${round.attestations} replicas, result committed by ${round.results}`,
    '',
    ...table(
      [
        { title: 'device' },
        { title: 'samples', align: 'right' },
        { title: 'norm', align: 'right' },
        { title: 'cosine', align: 'right' },
        { title: 'weight', align: 'right' },
        { title: 'verdict' },
      ],
      round.updates.map((update) => [
        deviceName(update.device, devices),
        String(update.samples),
        update.norm.toFixed(3),
        update.cosine.toFixed(3),
        update.weight.toFixed(3),
        update.accepted ? green('accepted') : red(update.reason),
      ]),
    ),
  ];
}
