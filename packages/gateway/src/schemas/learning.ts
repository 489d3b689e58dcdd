import type { JobView, OpenJobRequest, RoundDetail, RoundView } from '@murmuration/node';
import Type, { type Static } from 'typebox';
import { count, device, type Frozen, hex, nullable, number, object, type Same, text, words } from './parts.ts';

const roundFields = {
  job: text('job id'),
  round: Type.Integer({ minimum: 1 }),
  state: words('collecting', 'aggregating', 'finalised', 'void'),
  participants: count('devices asked to train'),
  accepted: count('updates that took part in the aggregate'),
  refused: count('updates that were refused'),
  accuracy: nullable(number('on the held-back data, 0 to 1')),
  seconds: nullable(number('from opening to finality')),
  modelHash: nullable(hex("SHA3-256 of the model's weights")),
};

export const RoundSchema = object('RoundView', roundFields);

const UpdateSchema = object('UpdateView', {
  device: device(),
  samples: count('samples it trained on'),
  bytes: count('size on the wire'),
  norm: number('L2 norm before clipping'),
  cosine: number('with the robust aggregate, -1 to 1'),
  weight: number('share in the aggregate, 0 to 1'),
  accepted: Type.Boolean(),
  reason: text('kebab case; empty where there is nothing to say'),
  outlier: Type.Boolean({ description: 'does what no honest device does' }),
});

export const RoundDetailSchema = object('RoundDetail', {
  ...roundFields,
  updates: Type.Array(UpdateSchema),
  attestations: count('replicas that have said which updates they hold'),
  results: count('replicas that have committed a result'),
});

export const JobSchema = object('JobView', {
  job: text('job id'),
  dataset: text('what it trains on'),
  strategy: text('aggregation rule'),
  rounds: count('how many it will run'),
  round: count('the open one, from 1; 0 before the first'),
  state: words('running', 'finished'),
  accuracy: nullable(number('on the held-back data, 0 to 1')),
  history: Type.Array(RoundSchema, { description: 'oldest first, bounded; page through the rounds for more' }),
});

const DATA_PATTERN = '^(names|digits|(idx|csv):.{1,1024})$';

const PrivateRoundsSchema = object('PrivateRoundsRequest', {
  groupSize: Type.Optional(Type.Integer({ minimum: 5, maximum: 10, description: 'members of a group at least' })),
  clippingNorm: Type.Optional(
    Type.Number({ minimum: 1e-6, maximum: 1e6, description: 'L2 norm that updates are clipped to' }),
  ),
  colluders: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 8, description: 'members of one group that may work with replicas' }),
  ),
  epsilon: Type.Optional(
    Type.Number({ minimum: 1e-3, maximum: 1e6, description: "what the whole job may cost one device's data" }),
  ),
  noise: Type.Optional(
    Type.Number({ minimum: 0.02, maximum: 1e5, description: 'over the clipping norm, in place of epsilon' }),
  ),
  delta: Type.Optional(Type.Number({ minimum: 1e-20, maximum: 0.5, description: 'of epsilon' })),
});

export const OpenJobSchema = object('OpenJobRequest', {
  job: Type.Optional(Type.String({ pattern: '^[a-z0-9-]{1,32}$', description: 'chosen by the swarm when absent' })),
  data: Type.Unsafe<OpenJobRequest['data']>({
    type: 'string',
    pattern: DATA_PATTERN,
    description: 'names, digits, idx:FOLDER or csv:FILE, paths on the machine of the swarm',
    examples: ['names'],
  }),
  rounds: Type.Integer({ minimum: 1, maximum: 1000 }),
  strategy: Type.String({
    pattern: '^[a-z0-9-]{1,64}$',
    description: 'aggregation rule',
    examples: ['nnm-trimmed-mean'],
  }),
  alpha: Type.Number({ minimum: 0.01, maximum: 1000, description: 'Dirichlet concentration; small is more unequal' }),
  seed: Type.Optional(Type.Integer({ minimum: 0, maximum: 2 ** 32 - 1 })),
  faulty: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 10_000, description: 'liars that the rule is set to tolerate' }),
  ),
  localEpochs: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
  batchSize: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_536 })),
  learningRate: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 10 })),
  hidden: Type.Optional(Type.Integer({ minimum: 1, maximum: 4096, description: 'hidden units of the model' })),
  privacy: Type.Optional(PrivateRoundsSchema),
});

export const OpenedJobSchema = object('OpenedJob', { job: text('job id') });

/** Stop compiling when schema and view part. */
export const roundHeld: Same<Frozen<Static<typeof RoundSchema>>, RoundView> = true;
export const roundDetailHeld: Same<Frozen<Static<typeof RoundDetailSchema>>, RoundDetail> = true;
export const jobHeld: Same<Frozen<Static<typeof JobSchema>>, JobView> = true;
export const openJobHeld: Same<Frozen<Static<typeof OpenJobSchema>>, OpenJobRequest> = true;
