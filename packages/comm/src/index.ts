export type { AddressRecord } from './discovery/address-record.ts';
export { type CommHost, createHost, type HostDeps, type LinkView } from './host.ts';
export type { Admit } from './membership/hello.ts';
export { type MemoryMesh, type MemoryMeshDeps, memoryMesh } from './memory-mesh.ts';
export type { CommOptions } from './options.ts';
