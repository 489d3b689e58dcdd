import type { Random } from '@murmuration/core';
import { copyOf } from './copy.ts';
import { between, type Schedule } from './schedule.ts';

export interface Packet {
  readonly kind: 'message' | 'request' | 'response';
  readonly topic: string;
  /** Of the request that it is or answers; 0 for messages. */
  readonly id: number;
  /** What became of a request; only responses have one. */
  readonly status?: 'ok' | 'refused' | 'no-handler';
  /** The receiver's own. */
  readonly bytes: Uint8Array;
}

/** One end of the network: a running process. */
export interface Station {
  receive(from: string, packet: Packet): void;
  peerChanged(peer: string, connected: boolean): void;
}

/** Packets under way on one directed link; more are turned away at the sender. */
export const MAX_IN_FLIGHT = 16_384;

/** Who can talk to whom, and what happens to what they say. */
export interface Network {
  /** Gives a name a running process. */
  attach(name: string, station: Station): void;
  /** Its process is gone. */
  detach(name: string): void;
  /** Whether both run and their link is not cut: what the two of them can see. */
  linked(a: string, b: string): boolean;
  names(): readonly string[];
  /** @returns false where too much is under way */
  send(from: string, to: string, packet: Packet): boolean;
  /** Breaks or restores a link; both ends notice. */
  cut(a: string, b: string): void;
  join(a: string, b: string): void;
  /** Packets from any of `from` to any of `to` vanish without a sign; the other way too unless `oneWay`. */
  partition(from: readonly string[], to: readonly string[], options?: { readonly oneWay?: boolean }): void;
  /** Ends all partitions and cuts. */
  heal(): void;
}

/** One direction between two names. */
interface Link {
  readonly from: string;
  readonly to: string;
  inFlight: number;
  /** Packets vanish. */
  walled: boolean;
  /** By kind and topic. */
  readonly lanes: Map<string, Lane>;
}

interface Lane {
  readonly label: string;
  /** When its last packet arrives: the next one does not overtake it. */
  lastArrivalMs: number;
}

export function createNetwork(schedule: Schedule, random: Random): Network {
  const stations = new Map<string, Station>();
  const links = new Map<string, Map<string, Link>>();
  const cuts = new Map<string, readonly [string, string]>();

  const linked = (a: string, b: string) =>
    a !== b && stations.has(a) && stations.has(b) && (cuts.size === 0 || !cuts.has(pair(a, b)));

  function linkOf(from: string, to: string): Link {
    const known = links.get(from)?.get(to);
    if (known !== undefined) return known;
    const link: Link = { from, to, inFlight: 0, walled: false, lanes: new Map() };
    const ofSender = links.get(from) ?? new Map<string, Link>();
    links.set(from, ofSender.set(to, link));
    return link;
  }

  function announce(a: string, b: string, connected: boolean, delayMs = 0): void {
    for (const [name, peer] of [
      [a, b],
      [b, a],
    ] as const) {
      const station = stations.get(name);
      if (station === undefined) continue;
      schedule.after(delayMs, `link ${name} ${peer} ${connected}`, () => {
        if (stations.get(name) === station && linked(name, peer) === connected) station.peerChanged(peer, connected);
      });
    }
  }

  function carry(link: Link, packet: Packet): void {
    const { from, to } = link;
    const lane = laneOf(link, packet);
    const { minDelayMs, maxDelayMs, reordering } = schedule.faults;
    let delayMs = between(random, minDelayMs, maxDelayMs);
    if (packet.kind === 'message' && random.unit() >= reordering) {
      delayMs = Math.max(delayMs, lane.lastArrivalMs - schedule.nowMs());
      lane.lastArrivalMs = schedule.nowMs() + delayMs;
    }
    link.inFlight += 1;
    const receiver = stations.get(to);
    schedule.later(delayMs, lane.label, () => {
      link.inFlight -= 1;
      // What a process said before it crashed still arrives; what was under way to one is lost with it.
      if (link.walled || stations.get(to) !== receiver || (cuts.size > 0 && cuts.has(pair(from, to)))) return;
      schedule.trace.record(schedule.nowMs(), 'bytes', packet.bytes);
      receiver?.receive(from, packet);
    });
  }

  return {
    linked,
    names: () => [...stations.keys()],
    attach(name, station) {
      stations.set(name, station);
      for (const other of stations.keys()) if (linked(name, other)) announce(name, other, true);
    },
    detach(name) {
      const peers = [...stations.keys()].filter((other) => linked(name, other));
      stations.delete(name);
      // Noticed after its last words have come.
      for (const peer of peers) announce(name, peer, false, schedule.faults.maxDelayMs);
    },
    send(from, to, packet) {
      const link = linkOf(from, to);
      if (link.inFlight >= MAX_IN_FLIGHT) return false;
      const { loss, duplication } = schedule.faults;
      if (link.walled || (loss > 0 && random.unit() < loss)) return true;
      carry(link, packet);
      if (duplication > 0 && random.unit() < duplication) carry(link, { ...packet, bytes: copyOf(packet.bytes) });
      return true;
    },
    cut(a, b) {
      const was = linked(a, b);
      cuts.set(pair(a, b), [a, b]);
      if (was) announce(a, b, false);
    },
    join(a, b) {
      const was = linked(a, b);
      cuts.delete(pair(a, b));
      if (!was && linked(a, b)) announce(a, b, true);
    },
    partition(from, to, { oneWay = false } = {}) {
      for (const a of from) {
        for (const b of to) {
          if (a === b) continue;
          linkOf(a, b).walled = true;
          if (!oneWay) linkOf(b, a).walled = true;
        }
      }
    },
    heal() {
      for (const ofSender of links.values()) for (const link of ofSender.values()) link.walled = false;
      const broken = [...cuts.values()];
      cuts.clear();
      for (const [a, b] of broken) if (linked(a, b)) announce(a, b, true);
    },
  };
}

function laneOf(link: Link, { kind, topic }: Packet): Lane {
  const key = kind === 'message' ? topic : `${kind}\n${topic}`;
  const known = link.lanes.get(key);
  if (known !== undefined) return known;
  const lane = { label: `${kind} ${link.from} ${link.to} ${topic}`, lastArrivalMs: 0 };
  link.lanes.set(key, lane);
  return lane;
}

function pair(a: string, b: string): string {
  return a < b ? `${a}\n${b}` : `${b}\n${a}`;
}
