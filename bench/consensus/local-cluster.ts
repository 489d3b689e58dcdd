import type { EngineEffect, EngineEvent, ProbftEffect } from '@murmuration/consensus';
import { sha3_256 } from '@murmuration/crypto';

export const NOW_MS = 1_767_225_600_000;

type AnyEffect = EngineEffect | ProbftEffect;

/** What every engine here is, whatever its commits promise. */
export interface AnyEngine {
  step(event: EngineEvent): readonly AnyEffect[];
}

export interface ClusterHooks {
  onCommit(self: number, payload: Uint8Array): void;
  /** @returns whether a message is one of those counted. @default all are */
  counts(bytes: Uint8Array): boolean;
}

/**
 * Engines in one thread that talk through one queue of bytes, in order and without loss; what one persists goes to a
 * map of its own, and a timer fires when it is told to.
 */
export class LocalCluster {
  /** Messages that `counts` so far: one to all others is n - 1. */
  sent = 0;
  /** By reason. */
  readonly refusals = new Map<string, number>();
  readonly heights: number[];
  private readonly engines: readonly AnyEngine[];
  private readonly hooks: Partial<ClusterHooks>;
  private readonly journals: Map<string, Uint8Array>[];
  private readonly states: Uint8Array[];
  private readonly timers: Set<string>[];
  private queue: { readonly from: number; readonly to: number; readonly bytes: Uint8Array }[] = [];

  constructor(engines: readonly AnyEngine[], hooks: Partial<ClusterHooks> = {}) {
    this.engines = engines;
    this.hooks = hooks;
    this.heights = engines.map(() => 0);
    this.journals = engines.map(() => new Map());
    this.states = engines.map(() => new Uint8Array(32));
    this.timers = engines.map(() => new Set());
    for (const self of engines.keys()) {
      const executed = { height: 0, stateDigest: new Uint8Array(32) };
      this.step(self, { kind: 'start', nowMs: NOW_MS, records: [], executed });
    }
    this.deliver();
    this.sent = 0;
  }

  propose(self: number, request: Uint8Array): void {
    this.step(self, { kind: 'propose', nowMs: NOW_MS, request });
  }

  /** @returns whether the timer ran */
  fire(self: number, id: string): boolean {
    if (!this.timers[self]?.delete(id)) return false;
    this.step(self, { kind: 'timer', nowMs: NOW_MS, id });
    return true;
  }

  /** Hands over everything under way, and what that brings about. */
  deliver(): void {
    while (this.queue.length > 0) {
      const { queue } = this;
      this.queue = [];
      for (const { from, to, bytes } of queue) this.step(to, { kind: 'message', nowMs: NOW_MS, from, bytes });
    }
  }

  private step(self: number, event: EngineEvent): void {
    for (const effect of (this.engines[self] as AnyEngine).step(event)) this.carryOut(self, effect);
  }

  private carryOut(self: number, effect: AnyEffect): void {
    switch (effect.kind) {
      case 'send':
        this.post(self, effect.to, effect.bytes);
        break;
      case 'persist':
        if (effect.value === null) this.journals[self]?.delete(effect.key);
        else this.journals[self]?.set(effect.key, effect.value);
        break;
      case 'setTimer':
        this.timers[self]?.add(effect.id);
        break;
      case 'cancelTimer':
        this.timers[self]?.delete(effect.id);
        break;
      case 'commit':
        this.execute(self, effect.commit.height, effect.commit.payload);
        break;
      case 'refused':
        this.refusals.set(effect.reason, (this.refusals.get(effect.reason) ?? 0) + 1);
        break;
      default:
    }
  }

  private post(from: number, to: number | 'all', bytes: Uint8Array): void {
    for (const target of this.engines.keys()) {
      if (target === from || (to !== 'all' && to !== target)) continue;
      if (this.hooks.counts?.(bytes) ?? true) this.sent += 1;
      this.queue.push({ from, to: target, bytes });
    }
  }

  private execute(self: number, height: number, payload: Uint8Array): void {
    this.hooks.onCommit?.(self, payload);
    const stateDigest = sha3_256(this.states[self] as Uint8Array, payload);
    this.states[self] = stateDigest;
    this.heights[self] = height;
    this.step(self, { kind: 'executed', nowMs: NOW_MS, height, stateDigest });
  }
}
