import type { Random } from '@murmuration/core';
import { between, type Schedule } from './schedule.ts';

export interface Packet {
  readonly kind: 'message' | 'request' | 'response';
  readonly topic: string;
  /** Of the request that it is or answers; 0 for messages. */
  readonly id: number;
  /** What became of a request; only responses have one. */
  readonly status?: 'ok' | 'refused' | 'no-handler';
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

export function createNetwork(schedule: Schedule, random: Random): Network {
  const stations = new Map<string, Station>();
  const cuts = new Set<string>();
  const walls = new Set<string>();
  const inFlight = new Map<string, number>();
  /** When the last packet of a (link, topic) arrives: the next one does not overtake it. */
  const lastArrival = new Map<string, number>();

  const linked = (a: string, b: string) => a !== b && stations.has(a) && stations.has(b) && !cuts.has(pair(a, b));

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

  function carry(from: string, to: string, packet: Packet): void {
    const link = `${from} ${to}`;
    const { minDelayMs, maxDelayMs, reordering } = schedule.faults;
    let delayMs = between(random, minDelayMs, maxDelayMs);
    const lane = `${link} ${packet.kind} ${packet.topic}`;
    const ordered = packet.kind === 'message' && random.unit() >= reordering;
    if (ordered) {
      delayMs = Math.max(delayMs, (lastArrival.get(lane) ?? 0) - schedule.nowMs());
      lastArrival.set(lane, schedule.nowMs() + delayMs);
    }
    inFlight.set(link, (inFlight.get(link) ?? 0) + 1);
    const receiver = stations.get(to);
    schedule.after(delayMs, `${packet.kind} ${link} ${packet.topic}`, () => {
      inFlight.set(link, (inFlight.get(link) ?? 1) - 1);
      // What a process said before it crashed still arrives; what was under way to one is lost with it.
      if (stations.get(to) !== receiver || cuts.has(pair(from, to)) || walls.has(link)) return;
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
      if ((inFlight.get(`${from} ${to}`) ?? 0) >= MAX_IN_FLIGHT) return false;
      const { loss, duplication } = schedule.faults;
      const lost = walls.has(`${from} ${to}`) || (loss > 0 && random.unit() < loss);
      if (!lost) carry(from, to, packet);
      if (!lost && duplication > 0 && random.unit() < duplication) carry(from, to, packet);
      return true;
    },
    cut(a, b) {
      const was = linked(a, b);
      cuts.add(pair(a, b));
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
          walls.add(`${a} ${b}`);
          if (!oneWay) walls.add(`${b} ${a}`);
        }
      }
    },
    heal() {
      walls.clear();
      for (const cut of [...cuts]) {
        const [a, b] = cut.split(' ') as [string, string];
        cuts.delete(cut);
        if (linked(a, b)) announce(a, b, true);
      }
    },
  };
}

function pair(a: string, b: string): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}
