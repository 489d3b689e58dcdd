import type { DeviceView, QuarantineView } from '@murmuration/node';
import { milliseconds } from '../terminal/format.ts';
import { dim, red } from '../terminal/style.ts';

export function deviceName(device: string, devices: readonly DeviceView[]): string {
  const view = devices.find((candidate) => candidate.device === device);
  return view === undefined ? device.slice(4, 12) : `${view.name} ${dim(view.short)}`;
}

/** `✗ device-7 quarantined: equivocation, 0.4 s after the lie (evidence 3f…)` */
export function quarantineLine(entry: QuarantineView, devices: readonly DeviceView[]): string {
  const speed = entry.detectionMs === null ? '' : `, ${milliseconds(entry.detectionMs)} after the lie`;
  const evidence = entry.evidenceId === null ? '' : dim(` evidence ${entry.evidenceId}`);
  return `${red('✗')} ${deviceName(entry.device, devices)} quarantined: ${entry.reason}${speed}${evidence}`;
}
