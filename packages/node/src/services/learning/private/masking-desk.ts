import { type Entropy, equalBytes, toHex } from '@murmuration/core';
import { shareNoise } from '@murmuration/learning';
import { type AggregationPlan, verifyStatementCertificate } from '@murmuration/privacy';
import type { Chain } from '../../chain.ts';
import type { ServiceDeps } from '../../deps.ts';
import { ledgerSigner } from '../../own-key.ts';
import { AggregationService } from '../../secure-aggregation/aggregation-service.ts';
import { createCertifier } from '../../secure-aggregation/certify.ts';
import { CommitService } from '../../secure-aggregation/commit-service.ts';
import { MaskingService } from '../../secure-aggregation/masking-service.ts';
import type { CertifiedSurvivors } from './group-update.ts';
import { loopbackPort } from './loopback-port.ts';
import type { RoundGroups } from './round-groups.ts';

export interface MaskingDeskDeps extends ServiceDeps {
  readonly chain: Chain;
  readonly entropy: Entropy;
}

export interface MaskingDeskOptions {
  /** Who has not answered this long has dropped out: the first answer waits for local training. */
  readonly phaseMs: number;
  readonly patienceMs: number;
}

/** The three parts of secure aggregation on one device: member, aggregator of its group, and replica that commits. */
export class MaskingDesk {
  readonly masking: MaskingService;
  readonly aggregation: AggregationService;
  private readonly commits: CommitService | undefined;
  private readonly certified = new Map<string, CertifiedSurvivors>();
  private round: RoundGroups;

  static async open(deps: MaskingDeskDeps, options: MaskingDeskOptions, round: RoundGroups): Promise<MaskingDesk> {
    const port = loopbackPort(deps.port);
    const looped = { ...deps, port };
    const { committee } = round;
    const signer = [deps.identity.signer, ...(deps.earlierSigners ?? [])].find(({ publicKey }) =>
      committee.keys.some((key) => equalBytes(key, publicKey)),
    );
    const planOf = (digest: Uint8Array) => desk.round.groups.find(({ plan }) => equalBytes(plan.digest, digest))?.plan;
    const commits =
      signer === undefined
        ? undefined
        : await CommitService.open({ ...looped, committee, signer, planOf, keyOf: keyOf(deps.chain) });
    const desk = new MaskingDesk(looped, options, round, commits);
    return desk;
  }

  private constructor(
    deps: MaskingDeskDeps,
    { phaseMs, patienceMs }: MaskingDeskOptions,
    round: RoundGroups,
    commits: CommitService | undefined,
  ) {
    this.round = round;
    this.commits = commits;
    const { committee, replicas } = round;
    const certify = createCertifier(deps, committee, { replicas });
    const { entropy, chain } = deps;
    this.aggregation = new AggregationService(
      {
        ...deps,
        keyOf: keyOf(chain),
        certify: async (plan, statement, keys, signal) => {
          const certificate = await certify(plan, statement, keys, signal);
          const isOfSurvivors = certificate.ok && keys === undefined;
          if (isOfSurvivors) this.certified.set(toHex(plan.digest), { statement, certificate: certificate.value });
          return certificate;
        },
      },
      { phaseMs },
    );
    this.masking = new MaskingService(
      {
        ...deps,
        signer: ledgerSigner(deps, chain),
        keyOf: keyOf(chain),
        // Groups are small: what replays under the simulator costs milliseconds here.
        coins: 'entropy',
        noise: shareNoise(entropy),
        isCommitted: (statement, certificate) => verifyStatementCertificate(committee, statement, certificate).ok,
      },
      { patienceMs },
    );
  }

  /** Statements are signed for the groups of this round from now on, and for none before. */
  async turnTo(round: RoundGroups): Promise<void> {
    const before = this.round;
    this.round = round;
    if (before.job === round.job && before.round === round.round) return;
    this.certified.clear();
    const plans = before.groups.map(({ plan }) => plan.digest);
    await this.commits?.retire(before.job, before.round, plans);
  }

  /** The survivors that replicas committed to for a group that was summed up here. */
  survivorsOf({ digest }: AggregationPlan): CertifiedSurvivors | undefined {
    return this.certified.get(toHex(digest));
  }
}

function keyOf(chain: Chain): (plan: AggregationPlan, member: number) => Uint8Array | undefined {
  return (plan, member) => {
    const device = plan.members[member];
    return device === undefined ? undefined : chain.ledger.device(device)?.key;
  };
}
