import { moment } from '../terminal/format.ts';
import { dim, green } from '../terminal/style.ts';
import { table } from '../terminal/table.ts';

export interface KeyRow {
  readonly name: string;
  readonly purpose: string;
  readonly version: number;
  readonly state: 'active' | 'retired' | 'destroyed';
  readonly createdMs: number;
}

export function keysScreen(keys: readonly KeyRow[]): string[] {
  if (keys.length === 0) return ['no keys: add one with `murmur keys add NAME`'];
  const rows = keys.map(({ name, purpose, version, state, createdMs }) => [
    name,
    purpose,
    String(version),
    state === 'active' ? green(state) : dim(state),
    moment(createdMs),
  ]);
  return table(
    [
      { title: 'key' },
      { title: 'purpose' },
      { title: 'version', align: 'right' },
      { title: 'state' },
      { title: 'made' },
    ],
    rows,
  );
}
