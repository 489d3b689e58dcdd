import { messagePortConformance, storeConformance } from '@murmuration/conformance';
import { createWorld } from '../src/index.ts';

/** Lets virtual time run while a test of the suite waits. */
function moving(seed: string) {
  const world = createWorld({ seed });
  const advance = () => world.run({ untilMs: world.nowMs() + 20 });
  return { world, advance };
}

messagePortConformance('simulator', async (n) => {
  const { world, advance } = moving('port conformance');
  const nodes = Array.from({ length: n }, (_, i) => world.node(`node ${i}`.replace(' ', '')));
  const name = (place: number) => nodes[place]?.name as string;
  return {
    ports: nodes.map((node) => node.port),
    close: async () => {},
    cut: (a, b) => {
      world.network.cut(name(a), name(b));
      void advance();
    },
    advance,
    maxMessageBytes: 4 * 1024 * 1024,
  };
});

let stores = 0;

function openDisk() {
  const { world } = moving(`store conformance ${stores++}`);
  const node = world.node('disk');
  let moves = Promise.resolve();
  // Time moves whenever a test has written and waits.
  const move = () => {
    moves = moves.then(() => world.run({ untilMs: world.nowMs() + 10 }));
  };
  const open = () => {
    const { store } = node;
    return {
      ...store,
      write: (changes: Parameters<typeof store.write>[0]) => {
        const written = store.write(changes);
        move();
        return written;
      },
      [Symbol.asyncDispose]: () => {
        const closed = store[Symbol.asyncDispose]();
        move();
        return closed.then(() => undefined);
      },
    };
  };
  return { open, node };
}

storeConformance(
  'simulated disk',
  async () => openDisk().open(),
  async () => {
    const { open, node } = openDisk();
    let first = true;
    return async () => {
      if (!first) {
        node.crash();
        node.restart();
      }
      first = false;
      return open();
    };
  },
);
