import { nearest } from '@murmuration/core';
import type { SwarmSnapshot } from '@murmuration/node';
import Type from 'typebox';
import { httpError } from '../errors/problem.ts';
import { EventSchema } from '../schemas/events.ts';
import { PageQuerySchema, page } from '../schemas/page.ts';
import { DeviceSchema, SnapshotSchema } from '../schemas/swarm.ts';
import { pageBy } from './paging.ts';
import { route } from './route.ts';

export const swarmRoutes = [
  route({
    id: 'swarm',
    method: 'GET',
    path: '/api/v1/swarm',
    permission: 'read',
    tag: 'swarm',
    summary: 'The whole swarm at one moment',
    answer: { kind: 'json', status: 200, schema: SnapshotSchema },
    errors: [],
    handle: async (_input, { source }) => ({ body: source.snapshot() }),
  }),
  route({
    id: 'devices',
    method: 'GET',
    path: '/api/v1/devices',
    permission: 'read',
    tag: 'swarm',
    summary: 'Devices, by their id',
    query: PageQuerySchema,
    answer: { kind: 'json', status: 200, schema: page('DevicePage', DeviceSchema) },
    errors: [],
    handle: async ({ query }, { source }) => ({ body: pageBy(query, source.snapshot().devices, (it) => it.device) }),
  }),
  route({
    id: 'device',
    method: 'GET',
    path: '/api/v1/devices/:id',
    permission: 'read',
    tag: 'swarm',
    summary: 'One device',
    params: Type.Object({ id: Type.String({ maxLength: 64, description: 'device id' }) }),
    answer: { kind: 'json', status: 200, schema: DeviceSchema },
    errors: ['DEVICE_UNKNOWN'],
    handle: async ({ params }, { source }) => ({ body: findDevice(source.snapshot(), params.id) }),
  }),
  route({
    id: 'events',
    method: 'GET',
    path: '/api/v1/events',
    permission: 'read',
    tag: 'swarm',
    summary: 'WebSocket: a snapshot, then every event as it happens',
    answer: { kind: 'events', schema: EventSchema },
    errors: ['UPGRADE_REQUIRED', 'CLIENTS_FULL'],
    handle: async () => {
      throw httpError(
        'UPGRADE_REQUIRED',
        'events are sent over a WebSocket, and this was a plain GET',
        'open it as a WebSocket, or read /api/v1/swarm',
      );
    },
  }),
];

function findDevice({ devices }: SwarmSnapshot, id: string) {
  const found = devices.find(({ device }) => device === id);
  if (found !== undefined) return found;
  const meant = devices.find(({ short, name }) => short === id || name === id)?.device;
  const near =
    meant ??
    nearest(
      id,
      devices.map(({ device }) => device),
    );
  throw httpError(
    'DEVICE_UNKNOWN',
    `no device ${id} is in this swarm`,
    near === undefined ? 'list them at /api/v1/devices; the full id is needed' : `did you mean ${near}?`,
    { device: id, ...(near === undefined ? {} : { nearest: near }) },
  );
}
