import { accept, equalBytes, MurmurError, type Result, refuse } from '@murmuration/core';
import { AGREEMENT_SEED_BYTES, agreementKey, wipe } from '@murmuration/crypto';
import { maskInput } from './client-mask.ts';
import { agreeWithInitiators, initiatePairs, readCommittedRoster, readRoster } from './client-pairs.ts';
import { forgetProof, proveNorm } from './client-proof.ts';
import { answerSurvivors } from './client-reveal.ts';
import { makeShares, openBoxes } from './client-shares.ts';
import type {
  ClientContext,
  ClientPhase,
  ClientState,
  MaskingClient,
  MaskingClientDeps,
  Moved,
} from './client-state.ts';
import { encodeClientMessage, type MessageOf, readServerMessage, type ServerMessage } from './messages.ts';
import type { AggregationPlan } from './plan.ts';
import { KEYS_DOMAIN, signedKey } from './secrets.ts';

/**
 * One member's part in one plan: a vector goes in, and leaves only under masks that the sum cancels. Four answers to
 * four messages, each once, whatever the server sends. A client that lost its memory is a dropout: nothing is stored.
 *
 * - A vector is masked with every neighbour whose key is signed, for at least `threshold` − 1 of them.
 * - For each neighbour one share leaves, of the secret that the committed set of survivors asks for, never of both; for
 *   one set only, and only where that set holds `threshold` of the neighbourhood and `minSurvivors` of the group.
 *
 * @param input length `plan.length`; numbers beyond ±`plan.bound` are cut and counted. Copied, and wiped when masked
 * @throws PRIVACY_WRONG_LENGTH, PRIVACY_NO_NOISE where the plan has noise and `deps` none
 * @see Bonawitz et al. 2017, figure 4; Bell et al. 2020, algorithm 2
 */
export function createMaskingClient(
  deps: MaskingClientDeps,
  plan: AggregationPlan,
  self: number,
  input: Int32Array,
): MaskingClient {
  checkInput(deps, plan, input);
  const context: ClientContext = { plan, self, deps, input: input.slice() };
  let state: ClientState = { phase: 'new' };
  return {
    get phase() {
      return state.phase;
    },
    step: (event) => {
      if (event.kind === 'stop') {
        forgetSecrets(context, state);
        state = { phase: 'stopped' };
        return [];
      }
      const moved = event.kind === 'start' ? start(context, state) : receive(context, state, event.bytes);
      if (!moved.ok) return [{ kind: 'refused', ...withoutOk(moved) }];
      state = moved.value.state;
      return moved.value.effects;
    },
  };
}

function start(context: ClientContext, state: ClientState): Result<Moved> {
  if (state.phase !== 'new') return refuse('repeated');
  const { plan, self, deps } = context;
  const seed = deps.entropy.bytes(AGREEMENT_SEED_BYTES);
  const key = agreementKey(seed);
  wipe(seed);
  const signature = deps.signer.sign(KEYS_DOMAIN, signedKey(plan, self, key.publicKey));
  const bytes = encodeClientMessage({ kind: 'keys', publicKey: key.publicKey, signature });
  return accept({ state: { phase: 'keys', key }, effects: [{ kind: 'send', bytes }] });
}

/** The phase in which each message is waited for, in their order. */
const WAITED_IN: Record<ServerMessage['kind'], ClientPhase> = {
  roster: 'keys',
  'committed-roster': 'keys',
  pairs: 'pairs',
  boxes: 'boxes',
  challenge: 'masked',
  survivors: 'masked',
};
const PHASES: readonly ClientPhase[] = ['new', 'keys', 'pairs', 'boxes', 'masked', 'revealed', 'stopped'];

function forgetSecrets({ input }: ClientContext, state: ClientState): void {
  input.fill(0);
  if (state.phase === 'pairs') for (const { box, maskSeed } of state.initiated.values()) wipe(box, maskSeed);
  if (state.phase === 'boxes') {
    wipe(state.selfSecret, state.own.self, state.own.pair);
    for (const { box, maskSeed } of state.pairs.values()) wipe(box, maskSeed);
  }
  if (state.phase === 'masked' && state.proof !== null) forgetProof(state.proof);
  if (state.phase === 'masked') for (const held of state.held.values()) if (held !== null) wipe(held.self, held.pair);
}

function receive(context: ClientContext, state: ClientState, bytes: Uint8Array): Result<Moved> {
  const read = readServerMessage(bytes);
  if (!read.ok) return read;
  const message = read.value;
  if (state.phase === 'stopped') return refuse('stopped');
  if ((message.kind === 'roster' || message.kind === 'committed-roster') && state.phase === 'keys') {
    const roster = rosterOf(context, message);
    return roster.ok ? initiatePairs(context, state.key, roster.value) : roster;
  }
  if (message.kind === 'pairs' && state.phase === 'pairs') {
    const pairs = agreeWithInitiators(context, state, message);
    return pairs.ok ? makeShares(context, pairs.value) : pairs;
  }
  if (message.kind === 'boxes' && state.phase === 'boxes') {
    const held = openBoxes(context, state, message);
    return held.ok ? maskInput(context, state, held.value) : held;
  }
  if (message.kind === 'challenge' && state.phase === 'masked') return proveNorm(context, state, message);
  if (message.kind === 'survivors' && state.phase === 'masked') return answerSurvivors(context, state, message);
  if (message.kind === 'survivors' && state.phase === 'revealed') {
    // The answer may have been lost: the same bytes again say nothing new.
    if (!equalBytes(message.statement, state.statement)) return refuse('already-revealed');
    return accept({ state, effects: [{ kind: 'send', bytes: state.reveal }] });
  }
  const late = PHASES.indexOf(state.phase) > PHASES.indexOf(WAITED_IN[message.kind]);
  return refuse(late ? 'repeated' : 'out-of-order', `${message.kind} in phase ${state.phase}`);
}

/** In the plan's own mode and no other: a server cannot choose the weaker one. */
function rosterOf(
  context: ClientContext,
  message: MessageOf<ServerMessage, 'roster' | 'committed-roster'>,
): Result<ReadonlyMap<number, Uint8Array>> {
  const mode = message.kind === 'roster' ? 'signed' : 'committed';
  if (mode !== context.plan.roster) return refuse('other-roster-mode', `the plan's is ${context.plan.roster}`);
  return message.kind === 'roster' ? readRoster(context, message) : readCommittedRoster(context, message);
}

function withoutOk({ reason, detail }: { reason: string; detail?: string }) {
  return detail === undefined ? { reason } : { reason, detail };
}

function checkInput(deps: MaskingClientDeps, plan: AggregationPlan, input: Int32Array): void {
  if (input.length !== plan.length) {
    throw new MurmurError({
      code: 'PRIVACY_WRONG_LENGTH',
      message: `a vector to mask has ${input.length} numbers, not ${plan.length}`,
      remedy: `give a vector of the plan's ${plan.length} numbers`,
      facts: { length: input.length, wanted: plan.length },
    });
  }
  if (plan.noiseVariance !== null && deps.noise === undefined) {
    throw new MurmurError({
      code: 'PRIVACY_NO_NOISE',
      message: `the plan asks for noise of variance ${plan.noiseVariance} and the client has no source of it`,
      remedy: 'give deps.noise, or a plan without noise',
      facts: { variance: plan.noiseVariance },
    });
  }
}
