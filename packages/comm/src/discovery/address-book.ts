import { type Clock, type DeviceId, type Result, refuse } from '@murmuration/core';
import type { Admit } from '../membership/hello.ts';
import { type AddressRecord, isNewer, readAddressRecord, sameCertificate } from './address-record.ts';

/** The newest address record of each device that is admitted. Bounded: a full book takes no new device. */
export interface AddressBook {
  get(device: DeviceId): AddressRecord | undefined;
  all(): readonly AddressRecord[];
  /** Verifies and keeps what a peer passed on. @returns the record where it is news */
  add(received: Uint8Array): Result<AddressRecord>;
}

export interface AddressBookDeps {
  readonly clock: Clock;
  readonly admit: Admit;
  readonly own: AddressRecord;
}

export function createAddressBook(deps: AddressBookDeps, maxRecords: number): AddressBook {
  const records = new Map<DeviceId, AddressRecord>([[deps.own.device, deps.own]]);

  function byCertificate(certificateBytes: Uint8Array): AddressRecord | undefined {
    for (const record of records.values()) if (sameCertificate(record, certificateBytes)) return record;
    return undefined;
  }

  function add(received: Uint8Array): Result<AddressRecord> {
    const record = readAddressRecord(received, deps.clock.nowMs(), byCertificate);
    if (!record.ok) return record;
    const { device } = record.value;
    if (device === deps.own.device) return refuse('own-record');
    const admitted = deps.admit(record.value.certificate, device);
    if (!admitted.ok) return admitted;
    const held = records.get(device);
    if (held !== undefined && !isNewer(record.value, held)) return refuse('stale-record');
    if (held === undefined && records.size >= maxRecords) return refuse('book-full');
    records.set(device, record.value);
    return record;
  }

  return { get: (device) => records.get(device), all: () => [...records.values()], add };
}
