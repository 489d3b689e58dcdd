import type { Clock, DeviceId, Timer } from '@murmuration/core';
import type { DeviceIdentity } from '@murmuration/identity';
import { type Channel, type ChannelLimits, createChannel, type Incoming } from '../channel/channel.ts';
import type { Wire } from '../channel/wire.ts';
import { type Admit, type AdmittedPeer, encodeHello, isSmallerPeer, readHello } from './hello.ts';

/** An encrypted connection to whoever holds the secret key of `remoteKey`. */
export interface Connected {
  readonly wire: Wire;
  readonly remoteKey: Uint8Array;
  readonly address: string;
  readonly dialled: boolean;
}

export interface SessionDeps {
  readonly identity: DeviceIdentity;
  readonly clock: Clock;
  readonly admit: Admit;
  readonly incarnation: number;
  readonly limits: ChannelLimits;
  readonly helloTimeoutMs: number;
}

export interface SessionHandlers {
  /** Both sides have accepted each other's certificate. */
  onUp(session: Session): void;
  /** A message, request or response; only after `onUp`. */
  onIncoming(session: Session, incoming: Incoming): void;
  /** The peer will send nothing more. It may have been up or not. */
  onFarewell(session: Session, reason: string): void;
  /** Once. @param reason safe as a metric label: what the peer says of us is in `detail` only */
  onClosed(session: Session, reason: string, detail?: string): void;
}

/** One connection from its first frame to its end. */
export interface Session {
  readonly channel: Channel;
  readonly address: string;
  readonly dialled: boolean;
  readonly remoteKey: Uint8Array;
  /** Known once the peer's hello is accepted. */
  readonly peer: AdmittedPeer | undefined;
  /** Its dialler is the device of the smaller PeerId. */
  readonly dialledBySmaller: boolean;
  /** Counts the dials of its dialler. */
  readonly attempt: number;
  /** Wall time of the start, in milliseconds. */
  readonly sinceMs: number;
  /** Messages handed on. */
  readonly delivered: number;
}

export function startSession(
  deps: SessionDeps,
  connected: Connected,
  attempt: number,
  handlers: SessionHandlers,
): Session {
  return new LinkSession(deps, connected, attempt, handlers);
}

const NO_BYTES = new Uint8Array(0);

class LinkSession implements Session {
  readonly channel: Channel;
  readonly address: string;
  readonly dialled: boolean;
  readonly remoteKey: Uint8Array;
  readonly dialledBySmaller: boolean;
  readonly sinceMs: number;
  peer: AdmittedPeer | undefined;
  delivered = 0;
  private readonly deps: SessionDeps;
  private readonly handlers: SessionHandlers;
  private readonly ownAttempt: number;
  private state: 'hello' | 'welcome' | 'up' | 'closed' = 'hello';
  private readonly timer: Timer;

  constructor(deps: SessionDeps, connected: Connected, attempt: number, handlers: SessionHandlers) {
    this.deps = deps;
    this.handlers = handlers;
    this.address = connected.address;
    this.dialled = connected.dialled;
    this.remoteKey = connected.remoteKey;
    this.dialledBySmaller = connected.dialled === isSmallerPeer(deps.identity.certificate.key, connected.remoteKey);
    this.ownAttempt = attempt;
    this.sinceMs = deps.clock.nowMs();
    this.timer = deps.clock.setTimer(deps.helloTimeoutMs, () => this.channel.close('hello-timeout'));
    this.channel = createChannel(connected.wire, deps.limits, {
      onIncoming: (incoming) => this.onIncoming(incoming),
      onClosed: (reason, detail) => this.onClosed(reason, detail),
    });
    this.channel.send({ kind: 'hello' }, encodeHello(deps.identity, deps.incarnation, attempt));
  }

  get attempt(): number {
    return this.dialled ? this.ownAttempt : (this.peer?.attempt ?? 0);
  }

  private onIncoming(incoming: Incoming): void {
    const { kind } = incoming.header;
    if (incoming.header.kind === 'goodbye') {
      this.onGoodbye(incoming.header.reason);
    } else if (this.state === 'up' && (kind === 'message' || kind === 'request' || kind === 'response')) {
      this.delivered += 1;
      this.handlers.onIncoming(this, incoming);
    } else if (this.state === 'hello' && kind === 'hello') {
      this.onHello(incoming.payload);
    } else if (this.state === 'welcome' && kind === 'welcome') {
      this.state = 'up';
      this.timer.cancel();
      this.handlers.onUp(this);
    } else {
      this.channel.close('unexpected-frame', `"${kind}" in state "${this.state}"`);
    }
  }

  private onHello(payload: Uint8Array): void {
    const { clock, identity, admit } = this.deps;
    const peer = readHello(payload, this.remoteKey, { clock, admit, self: identity.device });
    if (!peer.ok) {
      this.channel.close(peer.reason, peer.detail);
      return;
    }
    this.peer = peer.value;
    this.state = 'welcome';
    this.channel.send({ kind: 'welcome' }, NO_BYTES);
  }

  private onGoodbye(said: string): void {
    const reason = /^[a-z0-9-]{1,64}$/.test(said) ? said : 'unreadable';
    if (this.state === 'up') this.handlers.onFarewell(this, reason);
    else this.channel.close('refused-by-peer', reason);
  }

  private onClosed(reason: string, detail?: string): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.timer.cancel();
    this.handlers.onClosed(this, reason, detail);
  }
}

/** Whether `a` stays where both link the same two running hosts. Both sides decide alike. */
export function staysOver(a: Session, b: Session): boolean {
  if (a.dialledBySmaller !== b.dialledBySmaller) return a.dialledBySmaller;
  return a.attempt > b.attempt;
}

/** The device at the other end of a session that is up. */
export function deviceOf(session: Session): DeviceId {
  return (session.peer as AdmittedPeer).device;
}
