/** Secret bytes from the operating system. For keys and nonces; `Random` is for everything that must replay. */
export interface Entropy {
  /** @param length bytes, 0 to 65536 */
  bytes(length: number): Uint8Array;
}
