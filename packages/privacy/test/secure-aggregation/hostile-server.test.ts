import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type ClientInput,
  createMaskingClient,
  type MaskingClient,
  readRosterStatement,
} from '../../src/secure-aggregation/index.ts';
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
    { numRuns: 80 },
  );
  // The search goes as far as the last answer, and does not always get one.
  expect(ended.get('revealed') ?? 0).toBeGreaterThan(8);
  expect(ended.get('revealed')).toBeLessThan(80);
});

/** The first run of many in which a planted client is caught. */
function caught(make: MakeVictim, fixed: Partial<Siege>): string | undefined {
  let found: string | undefined;
  const property = fc.property(sieges, (given) => {
    found = besiege({ ...given, ...fixed }, make).wrong;
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

const trustingRosters: MakeVictim = (deps, plan, input) => {
  const { isCommitted, ...rest } = deps();
  const trusts: typeof isCommitted = (statement, certificate) =>
    readRosterStatement(plan, statement).ok || isCommitted(statement, certificate);
  return createMaskingClient({ ...rest, isCommitted: trusts }, plan, 0, input);
};

const credulous: MakeVictim = (deps, plan, input) =>
  createMaskingClient({ ...deps(), verify: () => true }, plan, 0, input);

const honest = { swarm: 'honest', mode: 'signed' } as const;

test.each([
  // Two vectors, or two answers of two sets of boxes: whichever random sequence comes first.
  ['forgets that it sent its vector', forgetful('boxes'), honest, /^it sent two messages of (masked|reveal)$/],
  ['forgets that it revealed', forgetful('survivors'), { swarm: 'worst' }, /^it sent two messages of reveal$/],
  ['asks for no certificate of survivors', trusting, honest, /^it revealed without a certificate$/],
  [
    'asks for no certificate of a roster',
    trustingRosters,
    { ...honest, mode: 'committed' },
    /^it took a roster without a certificate$/,
  ],
  ['checks no signature', credulous, honest, /^it took a key that nobody signed$/],
  ['throws at what it cannot read', throwing, honest, /^it threw Error: malformed$/],
] as const)('a client that %s is caught: positive control', (_, make, fixed, wanted) => {
  expect(caught(make, fixed)).toMatch(wanted);
});
