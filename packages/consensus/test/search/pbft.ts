import { decodeCanonical } from '@murmuration/core';
import { sha3_256 } from '@murmuration/crypto';
import { decodeCertificate, type EngineEffect, type EngineEvent, primaryOf } from '../../src/index.ts';
import { createState } from '../../src/pbft/create-state.ts';
import { createPbftWithQuorum } from '../../src/pbft/engine.ts';
import { readViewChangeBody } from '../../src/pbft/justification.ts';
import { decodeMessage, encodeMessage, type Message, newViewBodySchema } from '../../src/pbft/messages.ts';
import type { State } from '../../src/pbft/state.ts';
import { createKeys } from '../cluster/keys.ts';
import { NOW_MS } from '../cluster/lockstep.ts';
import { PbftLiar } from './pbft-liar.ts';
import type { Sent, Subject } from './subject.ts';
import { nameOfDigest, REQUEST, VALUES, type Value } from './values.ts';

const N = 4;
type Untimed<E> = E extends { readonly nowMs: number } ? Omit<E, 'nowMs'> : never;

export interface PbftBound {
  readonly liar: number;
  /** Views that are entered: 2 are view 0 and one view change. */
  readonly views: number;
  /** 3 of 4 is right. */
  readonly quorum: number;
  /** The liar speaks in this many views only, and sends no view-change beyond. @default all */
  readonly liesIn?: number;
  /** What it votes for and proposes. @default both values */
  readonly lies?: readonly Value[];
}

/** Signed PBFT, height 1: pre-prepares, prepares, commits, view-changes and new-views reach whom they like. */
export function pbftSubject({ liar, views, quorum, liesIn = views, lies = VALUES }: PbftBound): Subject<State> {
  const keys = createKeys(N, 'hash');
  const depsOf = (self: number) => {
    const signer = keys.signers[self] as (typeof keys.signers)[number];
    return { replicaSet: keys.set, self, signer, verify: keys.verify };
  };
  const states = Array.from({ length: N }, (_, self) => createState(depsOf(self), {}, quorum));
  const [one] = states as [State];
  const step = (self: number, state: State, event: Untimed<EngineEvent>): readonly EngineEffect[] => {
    const engine = createPbftWithQuorum(depsOf(self), {}, quorum, state);
    const effects = engine.step({ ...event, nowMs: NOW_MS } as EngineEvent);
    state.effects = [];
    return effects;
  };
  const correct = states.map((_, self) => self).filter((self) => self !== liar);
  const liarSays = new PbftLiar({ keys, liar, views: liesIn, quorum, values: lies });
  const fixed = new Set<unknown>([one.options, keys.set, ...keys.signers, ...keys.set.replicas]);
  for (const state of states) fixed.add(state.set).add(state.options);
  return {
    name: `PBFT, n = 4, replica ${liar} lies, ${views} ${views === 1 ? 'view' : 'views'}, quorum ${quorum}`,
    correct,
    views,
    fixed,
    boot: () => {
      startAll(states, step);
      return correct.map((self) => {
        const state = states[self] as State;
        return { self, state, effects: step(self, state, { kind: 'propose', request: REQUEST }) };
      });
    },
    deliver: (self, state, { from, bytes }) => step(self, state, { kind: 'message', from, bytes }),
    timeOut: (self, state) => {
      const { view } = state;
      if (view + 1 >= views) return undefined;
      const effects: EngineEffect[] = [];
      for (let part = 0; part < 4 && state.view === view; part++) {
        effects.push(...step(self, state, { kind: 'timer', id: 'progress' }));
      }
      return effects;
    },
    read: (from, bytes) => {
      const message = decodeMessage(bytes);
      return message.ok ? readMessage(from, message.value) : undefined;
    },
    viewOf: ({ view }) => view,
    placeOf: ({ view, changing }) => `${view} ${changing}`,
    readCommit: (payload, certificate) => {
      const value = nameOfDigest(sha3_256(payload));
      const decoded = decodeCertificate(certificate);
      return { value, name: `${value} by view ${decoded.ok ? decoded.value.view : '?'}` };
    },
    lies: (sent) =>
      liarSays.after(sent).flatMap((message) => {
        const read = readMessage(liar, message);
        return read === undefined ? [] : [{ from: liar, to: 'all', bytes: encodeMessage(message), ...read }];
      }),
  };
}

/** All four boot and hear each other out, as they do in life; what they ask each other then is no part of the search. */
function startAll(
  states: readonly State[],
  step: (self: number, state: State, event: Untimed<EngineEvent>) => readonly EngineEffect[],
): void {
  const executed = { height: 0, stateDigest: new Uint8Array(32) };
  const queue = states.flatMap((state, from) => {
    return step(from, state, { kind: 'start', records: [], executed }).map((effect) => ({ from, effect }));
  });
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const { from, effect } = next;
    if (effect.kind !== 'send') continue;
    for (const [to, state] of states.entries()) {
      if (to === from || (effect.to !== 'all' && effect.to !== to)) continue;
      const answers = step(to, state, { kind: 'message', from, bytes: effect.bytes });
      queue.push(...answers.map((answer) => ({ from: to, effect: answer })));
    }
  }
}

/** @returns undefined for what the search does not deliver: what is passed on for others, and what repairs losses */
function readMessage(from: number, message: Message): Pick<Sent, 'name' | 'ballot'> | undefined {
  switch (message.kind) {
    case 'pre-prepare':
    case 'prepare':
    case 'commit': {
      if (message.height !== 1) return undefined;
      const name = `${message.kind} of ${nameOfDigest(message.digest)} in view ${message.view}`;
      return { name, ballot: message.kind === 'pre-prepare' ? undefined : name };
    }
    case 'view-change': {
      const body = readViewChangeBody(message.body);
      if (!body.ok) return undefined;
      const { view, claims } = body.value;
      const [claim] = claims;
      const word = claim?.decided === true ? 'decided' : 'prepared';
      const holds = claim === undefined ? 'nothing' : `${nameOfDigest(claim.digest)} ${word} in view ${claim.view}`;
      return { name: `view-change to ${view} with ${holds}`, ballot: `view-change to ${view}` };
    }
    case 'new-view': {
      const body = decodeCanonical(newViewBodySchema, message.body);
      if (!body.ok || primaryOf(body.value.view, N) !== from) return undefined;
      const by = body.value.viewChanges.map(({ replica }) => replica).join(' ');
      return { name: `new-view ${body.value.view} by ${by}`, ballot: undefined };
    }
    default:
      return undefined;
  }
}
