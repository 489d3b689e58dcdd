import type { ReactNode } from 'react';
import type { DeviceView, SwarmSnapshot } from '../api/views.ts';
import { count, plural } from '../format/numbers.ts';
import { fullTime } from '../format/time.ts';
import { Hash } from '../parts/hash.tsx';
import { Ago } from '../parts/time.tsx';
import { useNow } from '../parts/use-now.ts';

export function factsOf(device: DeviceView, { ledger }: SwarmSnapshot): readonly (readonly [string, ReactNode])[] {
  const behind = ledger.height - device.height;
  return [
    ['Device id', <Hash key="id" value={device.device} label="device id" chars={64} />],
    ['Role', device.role === 'replica' ? 'Replica: votes on the ledger and trains' : 'Member: trains, does not vote'],
    [
      'Ledger height',
      behind > 0 ? `${count(device.height)}, ${count(behind)} behind` : `${count(device.height)}, up to date`,
    ],
    ['Consensus view', count(device.view)],
    ['Training samples', `${count(device.samples)}, which stay on the device`],
    ['Key epoch', `${count(device.keyEpoch)}: its operational key was rotated ${plural(device.keyEpoch, 'time')}`],
    ['Certificate', <Expiry key="certificate" atMs={device.certificateExpiresMs} />],
    ['Key protection', 'Software key: no hardware attests where it lives'],
    ['Memory', device.pid === null ? '–' : `${count(device.rssMb)} MiB resident`],
    ['Process', device.pid === null ? 'not on this machine, or gone' : String(device.pid)],
    ['Addresses', <Addresses key="addresses" of={device.addresses} />],
  ];
}

function Expiry({ atMs }: { readonly atMs: number }) {
  const expired = atMs <= useNow();
  return (
    <>
      {expired ? 'expired' : 'expires'} <Ago atMs={atMs} /> <span className="muted">({fullTime(atMs)})</span>
    </>
  );
}

function Addresses({ of }: { readonly of: readonly string[] }) {
  if (of.length === 0) return 'none known';
  return of.map((address) => (
    <code key={address} style={{ display: 'block' }}>
      {address}
    </code>
  ));
}
