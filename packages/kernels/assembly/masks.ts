/** AssemblyScript: adds and subtracts words modulo 2^32, four at a time. The vector lies in the first page of memory. */

/** Where the mask lies: the second page. */
const MASK: usize = 65536;

/**
 * vector += mask.
 * @param bytes up to 65536; past them up to 15 more may change, which stay within the page
 */
export function add(bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += 16) {
    v128.store(at, i32x4.add(v128.load(at), v128.load(at, MASK)));
  }
}

/** vector −= mask, as `add`. */
export function subtract(bytes: usize): void {
  for (let at: usize = 0; at < bytes; at += 16) {
    v128.store(at, i32x4.sub(v128.load(at), v128.load(at, MASK)));
  }
}
