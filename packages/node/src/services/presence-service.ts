import { bytes, type DeviceId, decode, encode, type Infer, struct, type Timer, uint } from '@murmuration/core';
import type { Chain } from './chain.ts';
import type { ServiceDeps } from './deps.ts';

const TOPIC = 'presence';
const PERIOD_MS = 1000;
/** A device silent for this long counts as gone: five periods, so that a busy core is no absence. */
const GONE_AFTER_MS = 5000;
/** A gap must last this long before it is fetched: commits under way close most gaps by themselves. */
const LAG_PATIENCE_MS = 1500;

const beatSchema = struct({
  height: uint,
  stateRoot: bytes(32),
  view: uint,
  /** Training samples it holds. */
  samples: uint,
  /** Resident memory of its process, bytes. */
  rssBytes: uint,
});
type Beat = Infer<typeof beatSchema>;

/** What a device says of itself beyond its ledger. */
export type SelfFacts = Pick<Beat, 'samples' | 'rssBytes'>;

export interface Presence extends Beat {
  readonly device: DeviceId;
  readonly atMs: number;
}

export interface PresenceHooks {
  facts(): SelfFacts;
  view(): number;
  /** A peer has been further than this device for a while. */
  onLag(height: number, peer: DeviceId): void;
}

/**
 * Each device says once a second how far its ledger is. That tells who lives and who has fallen behind;
 * nothing is believed of it beyond a reason to ask.
 */
export class PresenceService {
  private readonly deps: ServiceDeps;
  private readonly chain: Chain;
  private readonly hooks: PresenceHooks;
  private readonly beats = new Map<DeviceId, Presence>();
  private timer: Timer | undefined;
  private lag: { height: number; sinceMs: number } | undefined;
  private stopped = false;

  constructor(deps: ServiceDeps & { chain: Chain }, hooks: PresenceHooks) {
    this.deps = deps;
    this.chain = deps.chain;
    this.hooks = hooks;
    deps.port.onMessage(TOPIC, (device, wire) => {
      const beat = decode(beatSchema, wire, { maxBytes: 256 });
      if (beat.ok) this.beats.set(device, { ...beat.value, device, atMs: deps.clock.monotonicMs() });
    });
    deps.port.onPeer(({ peer, connected }) => {
      if (connected) deps.port.send(peer, TOPIC, this.beat());
    });
  }

  start(): void {
    if (this.stopped) return;
    this.deps.port.broadcast(TOPIC, this.beat());
    this.watchLag();
    this.timer = this.deps.clock.setTimer(PERIOD_MS, () => this.start());
  }

  stop(): void {
    this.stopped = true;
    this.timer?.cancel();
  }

  /** Devices heard of lately, this one not among them. */
  present(): readonly Presence[] {
    const since = this.deps.clock.monotonicMs() - GONE_AFTER_MS;
    for (const [device, { atMs }] of this.beats) if (atMs < since) this.beats.delete(device);
    return [...this.beats.values()];
  }

  isPresent(device: DeviceId): boolean {
    const beat = this.beats.get(device);
    return beat !== undefined && beat.atMs >= this.deps.clock.monotonicMs() - GONE_AFTER_MS;
  }

  private beat(): Uint8Array {
    const { height, stateRoot } = this.chain;
    return encode(beatSchema, { height, stateRoot, view: this.hooks.view(), ...this.hooks.facts() });
  }

  private watchLag(): void {
    const { height } = this.chain;
    const ahead = this.present().filter((peer) => peer.height > height);
    const now = this.deps.clock.monotonicMs();
    if (ahead.length === 0) this.lag = undefined;
    else if (this.lag === undefined || this.lag.height !== height) this.lag = { height, sinceMs: now };
    else if (now - this.lag.sinceMs >= LAG_PATIENCE_MS) {
      const furthest = ahead.sort((a, b) => b.height - a.height);
      for (const peer of furthest.slice(0, 2)) this.hooks.onLag(peer.height, peer.device);
    }
  }
}
