/** What one configuration key may hold. */
export type ConfigKind = 'text' | 'integer' | 'number' | 'texts';
export type ConfigValue = string | number | readonly string[];

export interface ConfigKey {
  readonly kind: ConfigKind;
  readonly fallback: ConfigValue;
  /** One line for `config print` and the reference. */
  readonly about: string;
  readonly min?: number;
  readonly max?: number;
  readonly oneOf?: readonly string[];
}

const text = (fallback: string, about: string, oneOf?: readonly string[]): ConfigKey & { readonly kind: 'text' } => ({
  kind: 'text',
  fallback,
  about,
  ...(oneOf === undefined ? {} : { oneOf }),
});
const integer = (
  fallback: number,
  min: number,
  max: number,
  about: string,
): ConfigKey & { readonly kind: 'integer' } => ({
  kind: 'integer',
  fallback,
  min,
  max,
  about,
});
const number = (
  fallback: number,
  min: number,
  max: number,
  about: string,
): ConfigKey & { readonly kind: 'number' } => ({
  kind: 'number',
  fallback,
  min,
  max,
  about,
});
const texts = (fallback: readonly string[], about: string): ConfigKey & { readonly kind: 'texts' } => ({
  kind: 'texts',
  fallback,
  about,
});

/** Every key, in the order that `config print` shows them. Defaults carry their reason in `about`. */
export const CONFIG_KEYS = {
  'swarm.name': text('murmuration', 'name that screens show'),
  'swarm.folder': text('.murmuration', 'folder that holds one home for each device'),
  'swarm.devices': integer(7, 4, 31, 'devices of a new swarm; 7 tolerate 2 liars in consensus'),
  'swarm.liars': texts(
    ['inner-product-manipulation', 'equivocate'],
    'behaviours planted in the last devices, one each',
  ),
  'swarm.changingReplicas': text(
    'no',
    'whether devices of a new swarm can join and leave the replicas; a swarm keeps what it was made with',
    ['no', 'yes'],
  ),
  'device.home': text('.murmuration/device', 'home folder of one device'),
  'device.name': text('device', 'name of one device'),
  'device.verifierWorkers': integer(
    0,
    0,
    16,
    'threads that check signatures, at about 25 MB each; only for a device with cores to spare',
  ),
  'network.listen': texts(['/ip4/127.0.0.1/tcp/0'], 'multiaddrs that a device listens on'),
  'network.bootstrap': texts([], 'multiaddrs that a device dials first'),
  'gateway.host': text('127.0.0.1', 'address of the HTTP API; loopback because there is no login yet'),
  'gateway.port': integer(8000, 0, 65535, 'port of the HTTP API; 0 lets the system choose'),
  'job.data': text('names', 'names, digits, idx:FOLDER or csv:FILE'),
  'job.rounds': integer(20, 1, 1000, 'rounds of training'),
  'job.strategy': text('nnm-trimmed-mean', 'rule that combines updates'),
  'job.alpha': number(0.5, 0.01, 1000, 'Dirichlet concentration of the split; small is more unequal'),
  'job.seed': integer(2, 0, 2 ** 32 - 1, 'seed of split, first model and batches'),
  'job.faulty': integer(2, 0, 15, 'liars that the rule is set to tolerate'),
  'round.deadlineMs': integer(10_000, 500, 600_000, 'how long replicas wait for a missing update'),
  'privacy.epsilon': number(8, 0.001, 1e6, "what a device's data may cost in all private rounds together"),
  'privacy.delta': number(1e-5, 1e-20, 0.5, 'chance that privacy.epsilon fails; an open budget keeps its terms'),
  'consensus.viewTimeoutMs': integer(
    4000,
    200,
    60_000,
    'how long replicas wait for a primary, doubled at each failure',
  ),
  'log.level': text('info', 'what goes into the log file', ['debug', 'info', 'warn', 'error', 'silent']),
} as const satisfies Readonly<Record<string, ConfigKey>>;

export type ConfigName = keyof typeof CONFIG_KEYS;

type ValueOf<K extends ConfigKey> = K['kind'] extends 'text'
  ? string
  : K['kind'] extends 'texts'
    ? readonly string[]
    : number;
export type Config = { readonly [Name in ConfigName]: ValueOf<(typeof CONFIG_KEYS)[Name]> };
