import {
  accept,
  type Clock,
  type DeviceId,
  type Log,
  type MessagePort,
  type Metrics,
  type Random,
  type Result,
  refuse,
  seededRandom,
} from '@murmuration/core';
import type { DeviceIdentity } from '@murmuration/identity';
import { type AddressBook, createAddressBook } from './discovery/address-book.ts';
import { type AddressRecord, createAddressRecord } from './discovery/address-record.ts';
import { createDialler, type Dialler } from './discovery/dialler.ts';
import { type Gossip, startGossip } from './discovery/gossip.ts';
import { type Admit, isSmallerPeer } from './membership/hello.ts';
import { createLinks, type Links } from './membership/links.ts';
import { createProber, type Prober } from './membership/prober.ts';
import { type Connected, deviceOf, type Session, type SessionHandlers, startSession } from './membership/session.ts';
import { type CheckedCommOptions, type CommOptions, checkCommOptions } from './options.ts';
import { createRouter, type Router } from './routing/router.ts';
import { createTransport, type Transport } from './transports/libp2p-transport.ts';

export interface HostDeps {
  readonly identity: DeviceIdentity;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Jitter of back-off and gossip. @default seeded by the device id and the time of the start */
  readonly random?: Random;
  /** Asked for every hello and every address record, after the certificate is verified. @default everybody */
  readonly admit?: Admit;
}

/** A link to a device, for people and metrics. */
export interface LinkView {
  readonly peer: DeviceId;
  readonly address: string;
  readonly dialled: boolean;
  /** Of the latest probe; null before the first answer. */
  readonly rttMs: number | null;
  readonly sinceMs: number;
  readonly keyEpoch: number;
  readonly certificateExpiresMs: number;
  readonly sentMessages: number;
  readonly sentBytes: number;
  readonly receivedMessages: number;
  readonly receivedBytes: number;
  readonly queuedBytes: number;
}

export interface CommHost extends AsyncDisposable {
  readonly port: MessagePort;
  /** Multiaddrs with our PeerId: what others give as `bootstrap`. */
  addresses(): readonly string[];
  /**
   * Links to whoever answers at an address. @returns the device, or why not: `invalid-address`, `unreachable`, `self`,
   *   `wrong-identity` (another key than the address names, or than the certificate), `refused-by-peer`, `closed`,
   *   `already-connected` (a handshake with it is under way), a reason of the hello (`expired`, …)
   */
  dial(address: string): Promise<Result<DeviceId>>;
  links(): readonly LinkView[];
  /** Our own record among them. */
  knownAddresses(): readonly AddressRecord[];
  /** Closes the link to a device, as when it is quarantined; `admit` decides whether it may come back. */
  disconnect(device: DeviceId, reason: string): void;
}

/**
 * A host on libp2p (TCP, TLS 1.3, yamux) that listens, finds the other devices and stays linked to them.
 * @throws OPTION_UNKNOWN, OPTION_OUT_OF_RANGE, COMM_ADDRESS_INVALID, COMM_PORT_IN_USE, COMM_LISTEN_FAILED
 */
export async function createHost(deps: HostDeps, options: CommOptions = {}): Promise<CommHost> {
  const host = new LinkHost(deps, checkCommOptions(options));
  await host.start();
  return host;
}

/** Reasons that are part of a link's ordinary life. */
const ORDINARY = new Set(['connection-lost', 'closed-by-peer', 'replaced', 'restarted', 'closing']);

class LinkHost implements CommHost {
  readonly port: MessagePort;
  private readonly deps: HostDeps;
  private readonly options: CheckedCommOptions;
  private readonly random: Random;
  private readonly admit: Admit;
  private readonly incarnation: number;
  private readonly router: Router;
  private readonly links_: Links;
  private readonly prober: Prober;
  private transport: Transport | undefined;
  private book: AddressBook | undefined;
  private gossip: Gossip | undefined;
  private dialler: Dialler | undefined;
  /** Every connection from its first byte, linked or not. */
  private readonly sessions = new Set<Session>();
  private readonly awaited = new Map<Session, (result: Result<DeviceId>) => void>();
  /** Addresses being dialled: whoever asks for one meanwhile shares the answer. */
  private readonly dialling = new Map<string, Promise<Result<DeviceId>>>();
  private dials = 0;
  private closing = false;

  constructor(deps: HostDeps, options: CheckedCommOptions) {
    this.deps = deps;
    this.options = options;
    this.incarnation = Math.max(0, Math.floor(deps.clock.nowMs()));
    this.random = deps.random ?? seededRandom(`${deps.identity.device}/${this.incarnation}`);
    this.admit = deps.admit ?? (() => accept(undefined));
    const { clock, log, metrics } = deps;
    this.router = createRouter({ self: deps.identity.device, clock, log, metrics }, options);
    this.port = this.router.port;
    this.links_ = createLinks(
      {
        clock,
        router: this.router,
        onLinked: (device) => this.onLinked(device),
        onLost: (device, reason, detail) => this.onLost(device, reason, detail),
        onDuplicate: (device) => this.prober.doubt(device),
        count: (reason) => this.count(reason),
      },
      options.maxLinks,
    );
    this.prober = createProber({ clock, port: this.port, links: this.links_ }, options);
  }

  async start(): Promise<void> {
    const { clock, identity, log } = this.deps;
    this.transport = await createTransport(
      {
        clock,
        secretKey: identity.secretKey,
        onInbound: (connected) => this.open(connected, 0),
        onRefused: (reason, address) => this.refused(reason, address),
      },
      this.options,
    );
    const own = createAddressRecord(identity, this.transport.addresses(), this.incarnation);
    const book = createAddressBook({ clock, admit: this.admit, own }, this.options.maxRecords);
    const dialler = createDialler(
      {
        clock,
        random: this.random,
        log,
        self: identity.device,
        book,
        isLinked: (device) => this.links_.get(device) !== undefined,
        isFull: () => this.links_.size >= this.options.maxLinks,
        dial: (address) => this.dial(address),
        dialsFirst: (device) => this.dialsFirst(book, device),
      },
      this.options,
    );
    this.book = book;
    this.dialler = dialler;
    this.gossip = startGossip({
      clock,
      random: this.random,
      port: this.port,
      book,
      onLearned: (record) => dialler.learned(record.device),
      count: (reason) => this.count(reason),
    });
    for (const address of this.options.bootstrap) dialler.bootstrap(address);
  }

  addresses(): readonly string[] {
    return this.transport?.addresses() ?? [];
  }

  async dial(address: string): Promise<Result<DeviceId>> {
    const underWay = this.dialling.get(address);
    if (underWay !== undefined) return underWay;
    const dialled = this.dialAnew(address);
    this.dialling.set(address, dialled);
    try {
      return await dialled;
    } finally {
      this.dialling.delete(address);
    }
  }

  private async dialAnew(address: string): Promise<Result<DeviceId>> {
    const { transport } = this;
    if (this.closing || transport === undefined) return refuse('closed');
    const linked = this.links_.sessions().find((session) => session.address === address);
    if (linked !== undefined) return accept(deviceOf(linked));
    const connected = await transport.dial(address);
    if (!connected.ok) return connected;
    if (this.closing) {
      connected.value.wire.abort();
      return refuse('closed');
    }
    this.dials += 1;
    const session = this.open(connected.value, this.dials);
    return new Promise((resolve) => {
      this.awaited.set(session, resolve);
    });
  }

  links(): readonly LinkView[] {
    return this.links_.sessions().map((session) => this.view(session));
  }

  knownAddresses(): readonly AddressRecord[] {
    return this.book?.all() ?? [];
  }

  disconnect(device: DeviceId, reason: string): void {
    this.links_.get(device)?.channel.close(reason);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.closing) return;
    this.closing = true;
    this.dialler?.close();
    this.gossip?.close();
    this.prober.close();
    for (const session of [...this.sessions]) session.channel.close('closing');
    this.router.close();
    await this.transport?.close();
  }

  private open(connected: Connected, attempt: number): Session {
    const { identity, clock } = this.deps;
    const { maxFrameBytes, maxQueueBytes, helloTimeoutMs } = this.options;
    const session = startSession(
      {
        identity,
        clock,
        admit: this.admit,
        incarnation: this.incarnation,
        limits: { maxMessageBytes: maxFrameBytes, maxQueueBytes },
        helloTimeoutMs,
      },
      connected,
      attempt,
      this.sessionHandlers,
    );
    this.sessions.add(session);
    return session;
  }

  private readonly sessionHandlers: SessionHandlers = {
    onUp: (session) => {
      this.links_.up(session);
      this.settle(session, accept(deviceOf(session)));
    },
    onIncoming: (session, incoming) => this.links_.incoming(session, incoming),
    onFarewell: (session, reason) => this.links_.farewell(session, reason),
    onClosed: (session, reason, detail) => {
      this.sessions.delete(session);
      this.deps.metrics.count('comm_closed_total', { reason });
      this.links_.closed(session, reason, detail);
      if (!ORDINARY.has(reason)) this.refused(reason, session.address, detail);
      this.settle(session, refuse(reason, detail));
    },
  };

  private settle(session: Session, result: Result<DeviceId>): void {
    this.awaited.get(session)?.(result);
    this.awaited.delete(session);
  }

  private onLinked(device: DeviceId): void {
    const { log, metrics } = this.deps;
    log.info('comm.linked', { device, address: this.links_.get(device)?.address });
    metrics.gauge('comm_links', this.links_.size);
    this.dialler?.linked(device);
    this.prober.linked(device);
    this.gossip?.linked(device);
  }

  private onLost(device: DeviceId, reason: string, detail?: string): void {
    const { log, metrics } = this.deps;
    log.info('comm.lost', { device, reason, detail });
    metrics.gauge('comm_links', this.links_.size);
    this.prober.lost(device);
    if (!this.closing) this.dialler?.lost(device);
  }

  private refused(reason: string, address: string, detail?: string): void {
    this.deps.log.warn('comm.refused', { reason, address, detail });
    this.count(reason);
  }

  private count(reason: string): void {
    this.deps.metrics.count('comm_refused_total', { reason });
  }

  private dialsFirst(book: AddressBook, device: DeviceId): boolean {
    const other = book.get(device)?.certificate.key;
    return other !== undefined && isSmallerPeer(this.deps.identity.certificate.key, other);
  }

  private view(session: Session): LinkView {
    const peer = deviceOf(session);
    const { epoch, notAfterMs } = session.peer?.certificate ?? { epoch: 0, notAfterMs: 0 };
    return {
      peer,
      address: session.address,
      dialled: session.dialled,
      rttMs: this.prober.rttMs(peer),
      sinceMs: session.sinceMs,
      keyEpoch: epoch,
      certificateExpiresMs: notAfterMs,
      ...session.channel.counts,
      queuedBytes: session.channel.queuedBytes,
    };
  }
}
