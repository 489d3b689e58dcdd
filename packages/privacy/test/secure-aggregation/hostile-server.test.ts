import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ClientInput, createMaskingClient, type MaskingClient } from '../../src/secure-aggregation/index.ts';
import { readServerMessage } from '../../src/secure-aggregation/messages.ts';
import { besiege, type MakeVictim, type Siege, sieges } from './hostile-server.ts';

test('whatever a server says, a client sends one vector, gives one secret of a peer, to a committed set, and never throws', () => {
  const ended = new Map<string, number>();
  fc.assert(
    fc.property(sieges, (given) => {
      const { wrong, phase } = besiege(given);
      ended.set(phase, (ended.get(phase) ?? 0) + 1);
      expect(wrong).toBeUndefined();
    }),
    { numRuns: 120 },
  );
  // The search goes as far as the last answer, and does not always get one.
  expect(ended.get('revealed') ?? 0).toBeGreaterThan(20);
  expect(ended.get('revealed')).toBeLessThan(120);
});

/** The first run of many in which a planted client is caught. */
function caught(make: MakeVictim, swarm?: Siege['swarm']): string | undefined {
  let found: string | undefined;
  const property = fc.property(sieges, (given) => {
    found = besiege(swarm === undefined ? given : { ...given, swarm }, make).wrong;
    return found === undefined;
  });
  return fc.check(property, { seed: 4, numRuns: 150, endOnFailure: true }).failed ? found : undefined;
}

/** A client that takes a message of the kind anew, as if it had not answered one: its memory of that goes back. */
function forgetful(kind: 'boxes' | 'survivors'): MakeVictim {
  return (deps, plan, input) => {
    const make = () => createMaskingClient(deps(), plan, 0, input);
    let client = make();
    let taken: ClientInput[] = [];
    const isForgotten = (given: ClientInput) => {
      const read = given.kind === 'message' ? readServerMessage(given.bytes) : undefined;
      return read?.ok === true && read.value.kind === kind;
    };
    return {
      get phase() {
        return client.phase;
      },
      step: (given) => {
        if (isForgotten(given)) {
          const before = taken.findIndex(isForgotten);
          if (before >= 0) {
            taken = taken.slice(0, before);
            client = make();
            for (const old of taken) client.step(old);
          }
        }
        const effects = client.step(given);
        if (!effects.some((effect) => effect.kind === 'refused')) taken.push(given);
        return effects;
      },
    };
  };
}

/** A client whose reader throws at what it cannot read. */
const throwing: MakeVictim = (deps, plan, input) => {
  const client = createMaskingClient(deps(), plan, 0, input);
  const step: MaskingClient['step'] = (given) => {
    if (given.kind === 'message' && !readServerMessage(given.bytes).ok) throw new Error('malformed');
    return client.step(given);
  };
  return {
    get phase() {
      return client.phase;
    },
    step,
  };
};

const trusting: MakeVictim = (deps, plan, input) =>
  createMaskingClient({ ...deps(), isCommitted: () => true }, plan, 0, input);

test.each([
  ['forgets that it sent its vector', forgetful('boxes'), 'honest', 'it sent two messages of masked'],
  ['forgets that it revealed', forgetful('survivors'), 'worst', 'it sent two messages of reveal'],
  ['asks for no certificate', trusting, 'honest', 'it revealed without a certificate'],
  ['throws at what it cannot read', throwing, 'honest', 'it threw Error: malformed'],
] as const)('a client that %s is caught: positive control', (_, make, swarm, wanted) => {
  expect(caught(make, swarm)).toBe(wanted);
});
