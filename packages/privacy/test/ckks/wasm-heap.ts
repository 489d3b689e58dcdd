/**
 * Watches the heap of each WebAssembly module that is loaded after it: load SEAL by an `import` behind it.
 * @returns bytes of all heaps together. They only grow, by whole pages, so that a difference is exact.
 */
export function watchWasmHeap(): () => number {
  const heaps: WebAssembly.Memory[] = [];
  const instantiate = WebAssembly.instantiate;
  const watched = async (source: BufferSource, imports?: WebAssembly.Imports) => {
    const made = await instantiate(source, imports);
    for (const value of Object.values(made.instance.exports)) {
      if (value instanceof WebAssembly.Memory) heaps.push(value);
    }
    return made;
  };
  Object.assign(WebAssembly, { instantiate: watched });
  return () => {
    if (heaps.length === 0) throw new Error('no heap of WebAssembly is watched yet');
    return heaps.reduce((sum, heap) => sum + heap.buffer.byteLength, 0);
  };
}
