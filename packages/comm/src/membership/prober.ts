import { accept, type Clock, type DeviceId, type MessagePort, type Timer } from '@murmuration/core';
import { checkValidity } from '@murmuration/identity';
import type { Links } from './links.ts';

/** Topics that begin so belong to comm itself. */
export const PING_TOPIC = 'comm/ping';

export interface ProberDeps {
  readonly clock: Clock;
  readonly port: MessagePort;
  readonly links: Links;
}

export interface ProberOptions {
  readonly pingIntervalMs: number;
  readonly pingTimeoutMs: number;
}

/** A link in doubt has this long to answer, in milliseconds. */
const DOUBT_TIMEOUT_MS = 5_000;

/**
 * Measures the round trip of every link, closes those that no longer answer (`unresponsive`) and those whose
 * certificate has run out meanwhile (`expired`).
 */
export interface Prober {
  /** Milliseconds of the latest probe, or null before the first answer. */
  rttMs(device: DeviceId): number | null;
  linked(device: DeviceId): void;
  /** Probes at once and with less patience: the link may be dead. */
  doubt(device: DeviceId): void;
  lost(device: DeviceId): void;
  close(): void;
}

export function createProber(deps: ProberDeps, options: ProberOptions): Prober {
  const { clock, port, links } = deps;
  const measured = new Map<DeviceId, number>();
  const timers = new Map<DeviceId, Timer>();
  port.onRequest(PING_TOPIC, async () => accept(new Uint8Array(0)));

  async function probe(device: DeviceId, timeoutMs: number): Promise<void> {
    const session = links.get(device);
    if (session?.peer === undefined) return;
    const valid = checkValidity(session.peer.certificate, clock.nowMs());
    if (!valid.ok) {
      session.channel.close(valid.reason, valid.detail);
      return;
    }
    const startedMs = clock.monotonicMs();
    const answer = await port.request(device, PING_TOPIC, new Uint8Array(0), { timeoutMs });
    const current = links.get(device);
    if (current === undefined) return;
    if (answer.ok) measured.set(device, clock.monotonicMs() - startedMs);
    else if (answer.reason === 'timeout') {
      current.channel.close('unresponsive', `no answer in ${timeoutMs} ms`);
      return;
    }
    if (timers.has(device)) schedule(device);
  }

  function schedule(device: DeviceId): void {
    timers.get(device)?.cancel();
    const timer = clock.setTimer(options.pingIntervalMs, () => void probe(device, options.pingTimeoutMs));
    timers.set(device, timer);
  }

  function lost(device: DeviceId): void {
    timers.get(device)?.cancel();
    timers.delete(device);
    measured.delete(device);
  }

  return {
    rttMs: (device) => measured.get(device) ?? null,
    linked: (device) => {
      schedule(device);
      void probe(device, options.pingTimeoutMs);
    },
    doubt: (device) => void probe(device, Math.min(DOUBT_TIMEOUT_MS, options.pingTimeoutMs)),
    lost,
    close: () => {
      for (const device of [...timers.keys()]) lost(device);
    },
  };
}
