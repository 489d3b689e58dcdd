import type { DeviceView } from '@murmuration/node';
import { green, red, yellow } from '../terminal/style.ts';
import { table } from '../terminal/table.ts';

const STATE = { up: green, starting: yellow, down: red, quarantined: red } as const;

export function devicesScreen(devices: readonly DeviceView[]): string[] {
  return table(
    [
      { title: 'name' },
      { title: 'device' },
      { title: 'role' },
      { title: 'state' },
      { title: 'height', align: 'right' },
      { title: 'view', align: 'right' },
      { title: 'samples', align: 'right' },
      { title: 'memory', align: 'right' },
      { title: 'pid', align: 'right' },
    ],
    devices.map((device) => [
      device.name,
      device.short,
      device.role,
      STATE[device.state](device.state),
      String(device.height),
      String(device.view),
      String(device.samples),
      device.rssMb === 0 ? '–' : `${Math.round(device.rssMb)} MB`,
      device.pid === null ? '–' : String(device.pid),
    ]),
  );
}
