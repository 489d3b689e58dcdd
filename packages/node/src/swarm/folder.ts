import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Entropy, MurmurError } from '@murmuration/core';
import { encodeGenesis } from '@murmuration/ledger';
import { createHome, joinSwarm } from '../adapters/home.ts';
import { behaviourOf } from '../behaviours.ts';

const FILE = 'swarm.json';
const FORMAT = 1;
const MIN_DEVICES = 4;
const MAX_DEVICES = 31;
/** Of PBFT: two windows, so that a change of replicas never holds up the pipeline. */
const LOOKAHEAD = 16;
/** Birds that fly in murmurations, or would like to. */
const NAMES = 'starling wren swift robin finch lark heron martin dunnock plover siskin redwing'.split(' ');

export interface SwarmMember {
  readonly name: string;
  readonly home: string;
  /** The planted liar's name, or null. */
  readonly behaviour: string | null;
}

/** A local swarm on disk: one home for each device, all replicas of one genesis. */
export interface SwarmFolder {
  readonly folder: string;
  readonly name: string;
  readonly members: readonly SwarmMember[];
}

export interface CreateSwarmOptions {
  readonly folder: string;
  /** @default murmuration */
  readonly name?: string;
  /** @default 7 */
  readonly devices?: number;
  /** Behaviours of planted liars: the last devices get one each. @default none */
  readonly liars?: readonly string[];
  /** Whether the replicas may change, for the swarm's life. @default false */
  readonly changingReplicas?: boolean;
  readonly nowMs: number;
}

export function swarmExists(folder: string): boolean {
  return existsSync(join(folder, FILE));
}

/** @throws SWARM_INVALID, BEHAVIOUR_UNKNOWN, and what `createHome` throws */
export function createSwarmFolder(entropy: Entropy, options: CreateSwarmOptions): SwarmFolder {
  const { folder, name = 'murmuration', devices = 7, liars = [], changingReplicas = false, nowMs } = options;
  if (!Number.isSafeInteger(devices) || devices < MIN_DEVICES || devices > MAX_DEVICES) {
    throw invalid(
      `${devices} devices`,
      `give ${MIN_DEVICES} to ${MAX_DEVICES}: fewer tolerate no liar, more belong on more machines`,
    );
  }
  if (liars.length > devices)
    throw invalid(`${liars.length} liars among ${devices} devices`, 'plant at most one in each device');
  for (const liar of liars) behaviourOf(liar);
  const homes = Array.from({ length: devices }, (_, i) => {
    const device = nameOf(i);
    return createHome(entropy, { folder: join(folder, device), name: device, nowMs });
  });
  const genesis = encodeGenesis({
    name,
    createdMs: nowMs,
    seed: entropy.bytes(32),
    replicas: homes.map(({ identity }) => identity.certificateBytes),
    names: homes.map((home) => home.name),
    ...(changingReplicas ? { lookahead: LOOKAHEAD } : {}),
  });
  for (const home of homes) joinSwarm(home.folder, genesis);
  const members = homes.map((home, i) => {
    const behaviour = liars[i - (devices - liars.length)] ?? null;
    return { name: home.name, home: home.name, behaviour };
  });
  mkdirSync(folder, { recursive: true });
  const path = join(folder, FILE);
  writeFileSync(`${path}.new`, `${JSON.stringify({ format: FORMAT, name, members }, null, 2)}\n`, { flush: true });
  renameSync(`${path}.new`, path);
  return openSwarmFolder(folder);
}

/** @throws SWARM_MISSING, SWARM_DAMAGED */
export function openSwarmFolder(folder: string): SwarmFolder {
  if (!swarmExists(folder)) {
    throw new MurmurError({
      code: 'SWARM_MISSING',
      message: `there is no swarm in ${folder}`,
      remedy: 'check the path, or run `murmur up` there to make one',
      facts: { folder },
    });
  }
  const read = parse(folder);
  const members = read.members.map((member) => ({ ...member, home: join(folder, member.home) }));
  return { folder, name: read.name, members };
}

function parse(folder: string): { name: string; members: SwarmMember[] } {
  const source = readFileSync(join(folder, FILE), 'utf8');
  try {
    const read: unknown = JSON.parse(source);
    if (isSwarmFile(read)) return read;
  } catch (cause) {
    throw damaged(folder, cause);
  }
  throw damaged(folder);
}

function isSwarmFile(read: unknown): read is { name: string; members: SwarmMember[] } {
  if (typeof read !== 'object' || read === null) return false;
  const { format, name, members } = read as Record<string, unknown>;
  return format === FORMAT && typeof name === 'string' && Array.isArray(members) && members.every(isMember);
}

function isMember(value: unknown): value is SwarmMember {
  if (typeof value !== 'object' || value === null) return false;
  const { name, home, behaviour } = value as Record<string, unknown>;
  return typeof name === 'string' && typeof home === 'string' && (behaviour === null || typeof behaviour === 'string');
}

function nameOf(index: number): string {
  const name = NAMES[index % NAMES.length] as string;
  const lap = Math.floor(index / NAMES.length);
  return lap === 0 ? name : `${name}-${lap + 1}`;
}

function invalid(what: string, remedy: string): MurmurError {
  return new MurmurError({ code: 'SWARM_INVALID', message: `a local swarm cannot have ${what}`, remedy });
}

function damaged(folder: string, cause?: unknown): MurmurError {
  return new MurmurError({
    code: 'SWARM_DAMAGED',
    message: `${join(folder, FILE)} does not describe a swarm`,
    remedy: 'restore the file from a backup; the homes beside it are untouched',
    facts: { folder },
    cause,
  });
}
