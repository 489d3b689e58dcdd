import { type Random, toHex } from '@murmuration/core';
import { createWorld, EPOCH_MS, type World } from '@murmuration/simulator';
import { type AtomicTerms, atomicId, type Command, chainIdOf, type Ledger, replicaSetOf } from '../../src/index.ts';
import { flipped, hashOf } from '../fixtures.ts';
import { genesisFor, lastingIdentities } from '../replicas/swarm.ts';
import { Cluster, dealBytes, INTERVAL, type Shot } from './cluster.ts';

const REPLICAS = 4;
const NEWCOMER = 4;
const CRASHED = 3;
const DEALS = 3;
/** The relayer tampers until here; deals end some seconds before and after. */
const STORM_MS = 6000;
const STEP_MS = 100;

type Side = 0 | 1;
export type Standing = 'absent' | 'prepared' | 'committed' | 'aborted';

/** How a cluster stands to a deal after a block, by the rule of the ledger or by another one. */
export interface Rule {
  readonly name: string;
  stands(view: { ledger: Ledger; terms: AtomicTerms; coordinates: boolean; before: Standing }): Standing;
}

export const TRUE_RULE: Rule = {
  name: 'the rule of the ledger',
  stands: ({ ledger, terms }) => ledger.deal(toHex(atomicId(terms)))?.state ?? 'absent',
};

interface Deal {
  readonly id: string;
  readonly terms: AtomicTerms;
}

/** Two clusters with everything that goes wrong between them and in them. A function of its seed. */
export class TwoClusters {
  readonly world: World;
  readonly clusters: readonly [Cluster, Cluster];
  readonly deals: readonly Deal[];
  /** Of each rule, the first deal that one cluster committed and the other aborted. */
  readonly split = new Map<string, string>();
  private readonly rules: readonly Rule[];
  private readonly standings = new Map<string, Standing>();
  private readonly random: Random;
  private readonly carried: { readonly to: Side; readonly request: Uint8Array }[] = [];
  /** The relayer brings everything, in order and whole. */
  private honest = false;
  private wrong: string | undefined;

  constructor(seed: number, rules: readonly Rule[]) {
    this.rules = rules;
    this.world = createWorld({
      seed,
      promises: false,
      replay: 'clusters/two-clusters.test.ts',
      faults: { loss: 0.01, maxDelayMs: 20 },
    });
    this.random = this.world.random.fork('relayer');
    this.world.invariant('two clusters', () => this.wrong);
    const people = lastingIdentities(2 * (REPLICAS + 1));
    const of = (side: Side) => people.slice(side * (REPLICAS + 1), (side + 1) * (REPLICAS + 1));
    const geneses = ([0, 1] as const).map((side) => {
      const genesis = genesisFor(of(side).slice(0, REPLICAS));
      return { ...genesis, name: `cluster ${side}`, lookahead: INTERVAL };
    });
    const chainIds = geneses.map(chainIdOf) as [Uint8Array, Uint8Array];
    this.deals = Array.from({ length: DEALS }, (_, i) => this.draw(i, chainIds));
    this.clusters = ([0, 1] as const).map(
      (side) =>
        new Cluster({
          world: this.world,
          name: side === 0 ? 'one' : 'two',
          genesis: geneses[side] as (typeof geneses)[number],
          identities: of(side),
          deals: this.deals.map(({ id }) => id),
          onBlock: (ledger) => this.check(side, ledger),
          onWrong: (what) => {
            this.wrong ??= what;
          },
        }),
    ) as [Cluster, Cluster];
    for (const side of [0, 1] as const) {
      const set = replicaSetOf(geneses[1 - side] as (typeof geneses)[number]);
      for (let by = 0; by < REPLICAS; by++) this.command(side, by, { kind: 'register-cluster', set, baseHeight: 0 });
    }
  }

  private draw(i: number, [one, two]: readonly [Uint8Array, Uint8Array]): Deal {
    const swapped = this.random.below(2) === 0;
    const terms: AtomicTerms = {
      coordinator: swapped ? two : one,
      participant: swapped ? one : two,
      deadlineMs: EPOCH_MS + 2500 + this.random.below(4000),
      digest: hashOf(i),
      nonce: new Uint8Array(16).fill(i),
    };
    return { id: toHex(atomicId(terms)), terms };
  }

  /** Compares what the clusters have done after each block of each device, by every rule. */
  private check(side: Side, ledger: Ledger): void {
    for (const { id, terms } of this.deals) {
      for (const rule of this.rules) {
        const name = (of: number) => `${rule.name} ${id} ${of}`;
        const before = this.standings.get(name(side)) ?? 'absent';
        const coordinates = toHex(terms.coordinator) === toHex(ledger.chainId);
        const now = rule.stands({ ledger, terms, coordinates, before });
        // Devices apply the same blocks at other times: what one of them has ended stays ended.
        const ended = before === 'committed' || before === 'aborted';
        if (ended && now !== before && (now === 'committed' || now === 'aborted'))
          this.split.set(rule.name, `${id} twice`);
        if (!ended) this.standings.set(name(side), now);
        const both = [0, 1].map((of) => this.standings.get(name(of)));
        if (both.includes('committed') && both.includes('aborted')) this.split.set(rule.name, id);
      }
    }
    const split = this.split.get(TRUE_RULE.name);
    if (split !== undefined) this.wrong ??= `deal ${split} is committed on one side and aborted on the other`;
  }

  private command(side: Side, by: number, command: Command): void {
    const cluster = this.clusters[side];
    const request = cluster.sign(by, command);
    this.carried.push({ to: side, request });
    for (let via = 0; via < REPLICAS; via++) cluster.bring(via, request);
  }

  /** Until everything was tried, then until every deal that was begun has ended, or `withinMs` is over. */
  async live(withinMs = 30_000): Promise<void> {
    const { world } = this;
    const changing = this.random.below(2) as Side;
    this.plan(300, () => this.enter(changing));
    for (const side of [0, 1] as const) {
      const name = this.clusters[side].name(CRASHED);
      this.plan(500 + this.random.below(1500), () => world.node(name).crash());
      this.plan(STORM_MS, () => world.node(name).restart());
      for (const { terms } of this.deals) {
        if (this.random.below(6) === 0) continue;
        this.plan(800 + this.random.below(2500), () =>
          this.command(side, this.random.below(3), { kind: 'atomic-prepare', terms }),
        );
      }
    }
    while (world.nowMs() < STORM_MS) await this.step();
    world.setFaults({ loss: 0 });
    this.honest = true;
    const end = world.nowMs() + withinMs;
    while (!this.isOver() && world.nowMs() < end) await this.step();
  }

  private plan(atMs: number, happen: () => void): void {
    this.world.after(atMs, 'plan', happen);
  }

  /** A newcomer registers and is let in: an epoch begins in the middle of the deals. */
  private enter(side: Side): void {
    const cluster = this.clusters[side];
    const { device, certificateBytes: certificate } = cluster.identity(NEWCOMER);
    const register = cluster.sign(NEWCOMER, { kind: 'register-device', certificate, name: 'newcomer' });
    for (let via = 0; via < REPLICAS; via++) cluster.bring(via, register);
    this.plan(600, () => {
      for (let by = 0; by < 3; by++) this.command(side, by, { kind: 'change-replica', device, change: 'join' });
    });
  }

  private async step(): Promise<void> {
    const { world } = this;
    for (const side of [0, 1] as const) {
      // Blocks come, also where nobody wants anything: their time moves on.
      const work = Buffer.from(`work ${side} ${world.nowMs()}`);
      for (let via = 0; via < REPLICAS; via++) this.clusters[side].bring(via, work);
      if (this.honest) this.relay(side);
      else this.meddle(side);
    }
    await world.run({ untilMs: world.nowMs() + STEP_MS });
  }

  /** Drops, delays, repeats, reorders and forges what it carries to `side`. */
  private meddle(side: Side): void {
    const { random } = this;
    const { shots } = this.clusters[(1 - side) as Side];
    const cluster = this.clusters[side];
    const recent = random.below(3) > 0 ? shots.slice(-2) : shots;
    const shot = recent[random.below(Math.max(1, recent.length))];
    if (shot === undefined || random.below(4) === 0) return;
    const deal = this.deals[random.below(DEALS)] as Deal;
    const commands: Command[] = [];
    switch (random.below(7)) {
      case 0: {
        const { to, request } = this.carried[random.below(this.carried.length)] as (typeof this.carried)[number];
        if (to === side) cluster.bring(random.below(REPLICAS), request);
        return;
      }
      case 1:
        commands.push(followed({ ...shot, header: flipped(shot.header, random.below(shot.header.length)) }));
        break;
      case 2:
        commands.push(resolved(deal.id, this.bent(shot, deal)));
        break;
      case 3:
        commands.push({ kind: 'atomic-resolve', id: dealBytes(deal.id), proof: null });
        break;
      default:
        commands.push(followed(shot), resolved(deal.id, shot));
    }
    const delayMs = random.below(3) === 0 ? random.below(3000) : 0;
    const bring = () => {
      for (const command of commands) this.command(side, random.below(3), command);
    };
    if (delayMs === 0) bring();
    else this.plan(delayMs, bring);
  }

  /** A proof that shows something else than it should. */
  private bent(shot: Shot, deal: Deal): Shot {
    const own = shot.deals.get(deal.id) as Uint8Array;
    const other = this.deals[this.random.below(DEALS)] as Deal;
    const bent =
      this.random.below(2) === 0 ? flipped(own, this.random.below(own.length)) : (shot.deals.get(other.id) ?? own);
    return { ...shot, deals: new Map([[deal.id, bent]]) };
  }

  private relay(side: Side): void {
    const { shots, chainId } = this.clusters[(1 - side) as Side];
    const ledger = this.clusters[side].ledger(0);
    const followedTo = ledger
      .clusters()
      .find(({ followed: { set } }) => toHex(set.chainId) === toHex(chainId))?.followed;
    if (followedTo === undefined) return;
    const known = followedTo.recent.at(-1)?.height ?? followedTo.baseHeight;
    const newer = shots.filter(
      ({ height, epochProof }) =>
        height > known || (epochProof !== null && height >= known && height > followedTo.baseHeight),
    );
    const next = newer.find(({ epochProof }) => epochProof !== null) ?? newer.at(-1);
    if (next === undefined) return;
    this.command(side, 0, followed(next));
    for (const { id } of this.deals) {
      if (ledger.deal(id)?.state !== 'prepared') continue;
      this.command(side, 0, { kind: 'atomic-resolve', id: dealBytes(id), proof: null });
      this.command(side, 0, resolved(id, next));
      const shown = shots.find(({ height }) => height === known);
      if (shown !== undefined) this.command(side, 0, resolved(id, shown));
    }
  }

  /** Nobody is bound any more, on any device. */
  isOver(): boolean {
    return this.deals.every(({ id }) => this.clusters.every((cluster) => !cluster.states(id).includes('prepared')));
  }

  ends(): string[] {
    return this.deals.map(({ id }) => this.clusters.map((cluster) => cluster.states(id)[0] ?? 'absent').join());
  }
}

function followed({ header, epochProof }: Shot): Command {
  return { kind: 'follow-cluster', header, epochProof };
}

function resolved(id: string, { height, deals, chain }: Shot): Command {
  return { kind: 'atomic-resolve', id: dealBytes(id), proof: { height, deal: deals.get(id) as Uint8Array, chain } };
}
