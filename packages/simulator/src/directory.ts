import { type DeviceId, deviceIdFromDigest, MurmurError, seededRandom, utf8 } from '@murmuration/core';

/** Names of nodes and the devices they are. */
export interface Directory {
  deviceOf(name: string): DeviceId;
  /** Several where it has twins, none where nobody is that device. */
  namesOf(device: DeviceId): readonly string[];
  /** @throws SIMULATION_DEVICE_TAKEN */
  add(name: string, device: DeviceId): void;
  /** One more machine that is the device of `of`. */
  addTwin(name: string, of: string): void;
}

export function createDirectory(): Directory {
  const devices = new Map<string, DeviceId>();
  const names = new Map<DeviceId, string[]>();
  return {
    deviceOf: (name) => devices.get(name) as DeviceId,
    namesOf: (device) => names.get(device) ?? [],
    add(name, device) {
      if (names.has(device)) {
        throw new MurmurError({
          code: 'SIMULATION_DEVICE_TAKEN',
          message: `${name} would be the same device as ${names.get(device)}`,
          remedy: 'give every node a device of its own',
          facts: { name },
        });
      }
      devices.set(name, device);
      names.set(device, [name]);
    },
    addTwin(name, of) {
      const device = devices.get(of) as DeviceId;
      devices.set(name, device);
      names.get(device)?.push(name);
    },
  };
}

/** A device id for a name: its bytes, repeated over a digest. For tests that need no keys. */
export function deviceNamed(name: string): DeviceId {
  const digest = new Uint8Array(32);
  const random = seededRandom(`device ${name}`);
  for (let i = 0; i < digest.length; i++) digest[i] = random.below(256);
  digest.set(utf8(name).subarray(0, 8));
  return deviceIdFromDigest(digest);
}
