import type { DeviceView, RoundView } from '../api/views.ts';
import { Tag, type Tone } from './tag.tsx';

const DEVICE: Readonly<Record<DeviceView['state'], { readonly tone: Tone; readonly word: string }>> = {
  up: { tone: 'ok', word: 'Up' },
  starting: { tone: 'warn', word: 'Starting' },
  down: { tone: 'idle', word: 'Down' },
  quarantined: { tone: 'bad', word: 'Quarantined' },
};

export function DeviceState({ state }: { readonly state: DeviceView['state'] }) {
  const { tone, word } = DEVICE[state];
  return <Tag tone={tone}>{word}</Tag>;
}

const ROUND: Readonly<
  Record<RoundView['state'], { readonly tone: Tone; readonly word: string; readonly says: string }>
> = {
  collecting: { tone: 'accent', word: 'Collecting', says: 'Devices train and commit their updates' },
  aggregating: { tone: 'warn', word: 'Aggregating', says: 'Each replica computes the aggregate by itself' },
  finalised: { tone: 'ok', word: 'Finalised', says: 'A quorum of replicas committed the same model hash' },
  void: { tone: 'idle', word: 'Void', says: 'No update was attested: the old model stands' },
};

export function RoundState({ state }: { readonly state: RoundView['state'] }) {
  const { tone, word, says } = ROUND[state];
  return (
    <Tag tone={tone} title={says}>
      {word}
    </Tag>
  );
}

/** A liar that whoever runs this swarm planted; the swarm itself is not told. */
export function Planted({ behaviour }: { readonly behaviour: string | null }) {
  if (behaviour === null) return null;
  return (
    <Tag tone="warn" icon="warning" title="Planted by whoever started this swarm. The other devices are not told.">
      planted: {behaviour}
    </Tag>
  );
}
