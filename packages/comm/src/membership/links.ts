import type { Clock, DeviceId, Timer } from '@murmuration/core';
import type { Incoming } from '../channel/channel.ts';
import type { Router } from '../routing/router.ts';
import { type AdmittedPeer, isSmallerPeer } from './hello.ts';
import { deviceOf, type Session, staysOver } from './session.ts';

export interface LinksDeps {
  readonly clock: Clock;
  readonly router: Router;
  onLinked(device: DeviceId): void;
  onLost(device: DeviceId, reason: string, detail?: string): void;
  /** The peer opened a second connection that gives way; it may have lost the first one without our noticing. */
  onDuplicate(device: DeviceId): void;
  count(reason: string): void;
}

/**
 * At most one link to each device. Where two hosts have dialled each other at once, both keep the connection
 * that the smaller PeerId dialled; the other one is emptied first, so that no message is lost or overtaken.
 */
export interface Links {
  up(session: Session): void;
  incoming(session: Session, incoming: Incoming): void;
  farewell(session: Session, reason: string): void;
  closed(session: Session, reason: string, detail?: string): void;
  get(device: DeviceId): Session | undefined;
  sessions(): readonly Session[];
  readonly size: number;
}

interface Link {
  active: Session;
  /** Connections that gave way, until the peer has said farewell on them. */
  readonly retiring: Map<Session, Retiring>;
}

interface Retiring {
  readonly timer: Timer;
  /** All that we had queued on it is written. */
  flushed: boolean;
  /** The peer sends nothing more on it. */
  farewell: boolean;
}

/** How long a connection that gave way may still deliver. */
const HANDOVER_TIMEOUT_MS = 2_000;

export function createLinks(deps: LinksDeps, maxLinks: number): Links {
  return new LinkTable(deps, maxLinks);
}

class LinkTable implements Links {
  private readonly deps: LinksDeps;
  private readonly maxLinks: number;
  private readonly links = new Map<DeviceId, Link>();

  constructor(deps: LinksDeps, maxLinks: number) {
    this.deps = deps;
    this.maxLinks = maxLinks;
  }

  get size(): number {
    return this.links.size;
  }

  get(device: DeviceId): Session | undefined {
    return this.links.get(device)?.active;
  }

  sessions(): readonly Session[] {
    return [...this.links.values()].map((link) => link.active);
  }

  up(session: Session): void {
    const device = deviceOf(session);
    const link = this.links.get(device);
    if (link === undefined) this.first(device, session);
    else if (!sameHost(link.active, session)) this.restarted(device, link, session);
    else if (staysOver(session, link.active)) this.replace(link, session);
    else {
      this.retire(link, session, 'duplicate');
      this.deps.onDuplicate(device);
    }
  }

  incoming(session: Session, incoming: Incoming): void {
    const device = deviceOf(session);
    const link = this.links.get(device);
    if (link?.active === session) {
      this.deps.router.received(device, incoming);
    } else if (link?.retiring.has(session) && link.active.delivered === 0) {
      this.deps.router.received(device, incoming);
    } else {
      this.deps.count('late-message');
    }
  }

  farewell(session: Session, reason: string): void {
    const link = this.links.get(deviceOf(session));
    const retiring = link?.retiring.get(session);
    if (link === undefined || retiring === undefined) {
      session.channel.close('closed-by-peer', reason);
      return;
    }
    retiring.farewell = true;
    if ([...link.retiring.values()].every((entry) => entry.farewell)) link.active.channel.release();
    if (retiring.flushed) session.channel.close('replaced');
  }

  closed(session: Session, reason: string, detail?: string): void {
    if (session.peer === undefined) return;
    const { device } = session.peer;
    const link = this.links.get(device);
    if (link === undefined) return;
    const retiring = link.retiring.get(session);
    if (retiring !== undefined) {
      retiring.timer.cancel();
      link.retiring.delete(session);
      if (link.retiring.size === 0) link.active.channel.release();
      return;
    }
    if (link.active !== session) return;
    this.links.delete(device);
    for (const [other, { timer }] of link.retiring) {
      timer.cancel();
      other.channel.close('replaced');
    }
    this.deps.router.disconnected(device);
    this.deps.onLost(device, reason, detail);
  }

  private first(device: DeviceId, session: Session): void {
    if (this.links.size >= this.maxLinks) {
      session.channel.close('too-many-links', `${this.maxLinks} already`);
      return;
    }
    this.links.set(device, { active: session, retiring: new Map() });
    this.connect(device, session);
    this.deps.onLinked(device);
  }

  /** The device runs anew, so nothing more can come from its old process. */
  private restarted(device: DeviceId, link: Link, session: Session): void {
    if (isOlder(session, link.active)) {
      session.channel.close('stale-identity', 'a newer host of the device is linked');
      return;
    }
    link.active.channel.close('restarted');
    this.first(device, session);
  }

  private replace(link: Link, session: Session): void {
    const old = link.active;
    link.active = session;
    this.connect(deviceOf(session), session);
    this.retire(link, old, 'replaced');
  }

  private connect(device: DeviceId, session: Session): void {
    this.deps.router.connected(device, (header, payload) => session.channel.send(header, payload));
  }

  private retire(link: Link, session: Session, reason: string): void {
    // What the active connection brings waits for what is still under way on this one.
    if (link.active.delivered === 0) link.active.channel.hold();
    const retiring = {
      timer: this.deps.clock.setTimer(HANDOVER_TIMEOUT_MS, () => session.channel.close('replaced')),
      flushed: false,
      farewell: false,
    };
    link.retiring.set(session, retiring);
    session.channel.finish(reason, () => {
      retiring.flushed = true;
      if (retiring.farewell) session.channel.close('replaced');
    });
  }
}

function sameHost(a: Session, b: Session): boolean {
  const [peerA, peerB] = [a.peer as AdmittedPeer, b.peer as AdmittedPeer];
  return peerA.incarnation === peerB.incarnation && sameKey(a, b);
}

function sameKey(a: Session, b: Session): boolean {
  return !isSmallerPeer(a.remoteKey, b.remoteKey) && !isSmallerPeer(b.remoteKey, a.remoteKey);
}

/** Of two hosts of one device: an older certificate, or the same one and an earlier start. */
function isOlder(session: Session, other: Session): boolean {
  const [a, b] = [session.peer as AdmittedPeer, other.peer as AdmittedPeer];
  if (a.certificate.epoch !== b.certificate.epoch) return a.certificate.epoch < b.certificate.epoch;
  return a.incarnation < b.incarnation;
}
