import { type DeviceId, deviceIdFromDigest, type MessagePort, refuse } from '@murmuration/core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

/** Ports that are all linked to each other. */
export interface PortMesh {
  readonly ports: readonly MessagePort[];
  close(): Promise<void>;
  /** Breaks the link between two ports, by their places; it may come back. Left out where an implementation cannot. */
  cut?(a: number, b: number): void;
  /** Lets simulated time pass. Called again and again while a test waits. */
  advance?(): Promise<void>;
  /** Largest message that `send` takes. Left out where there is no limit. */
  readonly maxMessageBytes?: number;
}

const LARGE_BYTES = 1024 * 1024;
const BURST = 200;
const NOBODY = deviceIdFromDigest(new Uint8Array(32).fill(7));

/**
 * What every `MessagePort` keeps: authenticated senders, order without duplicates on a topic, bounded waiting,
 * and a reason for everything that did not happen.
 * @param openMesh opens `n` ports; a new mesh for each test
 */
export function messagePortConformance(name: string, openMesh: (n: number) => Promise<PortMesh>): void {
  describe(`MessagePort: ${name}`, () => {
    let mesh: PortMesh;
    const port = (place: number): MessagePort => mesh.ports[place] as MessagePort;
    const idOf = (place: number): DeviceId => port(place).self;
    const until = (met: () => void) =>
      vi.waitFor(
        async () => {
          await mesh.advance?.();
          met();
        },
        { timeout: 5_000, interval: 2 },
      );

    beforeEach(async () => {
      mesh = await openMesh(3);
    });
    afterEach(async () => {
      await mesh.close();
    });

    test('every port names all others as peers, and never itself', () => {
      for (const one of mesh.ports) {
        const others = mesh.ports.map((other) => other.self).filter((id) => id !== one.self);
        expect([...one.peers()].sort()).toEqual(others.sort());
      }
    });

    test('a message arrives once, whole, on its topic, from its sender', async () => {
      const got: unknown[] = [];
      port(1).onMessage('a', (from, bytes) => got.push([from, [...bytes]]));
      port(1).onMessage('b', () => got.push('wrong topic'));
      port(2).onMessage('a', () => got.push('wrong peer'));
      expect(port(0).send(idOf(1), 'a', Uint8Array.of(1, 2, 3)).ok).toBe(true);
      await until(() => expect(got).toEqual([[idOf(0), [1, 2, 3]]]));
    });

    test('messages of one topic keep their order, whatever their sizes', async () => {
      const sizes = Array.from({ length: BURST }, (_, i) => (i % 20 === 3 ? 100_000 + i : i));
      const got: number[] = [];
      port(1).onMessage('order', (_, bytes) => got.push(bytes.length));
      for (const size of sizes) expect(port(0).send(idOf(1), 'order', new Uint8Array(size)).ok).toBe(true);
      await until(() => expect(got).toEqual(sizes));
    });

    test('a large message arrives byte for byte while small ones of another topic go by', async () => {
      const large = Uint8Array.from({ length: LARGE_BYTES }, (_, i) => (i * 31) % 251);
      let arrived: Uint8Array | undefined;
      let small = 0;
      port(1).onMessage('large', (_, bytes) => {
        arrived = bytes;
      });
      port(1).onMessage('small', () => {
        small += 1;
      });
      port(0).send(idOf(1), 'large', large);
      for (let i = 0; i < BURST; i++) port(0).send(idOf(1), 'small', Uint8Array.of(i));
      await until(() => expect(small).toBe(BURST));
      await until(() => expect(arrived).toBeDefined());
      expect(Buffer.compare(arrived as Uint8Array, large)).toBe(0);
    });

    test('a broadcast reaches every other port and not the sender; each receives bytes of its own', async () => {
      const got = new Map<DeviceId, string>();
      for (const one of mesh.ports) {
        one.onMessage('all', (from, bytes) => {
          got.set(one.self, `${from} ${bytes.join()}`);
          bytes.fill(0);
        });
      }
      port(0).broadcast('all', Uint8Array.of(9, 8));
      await until(() => expect(got.size).toBe(2));
      expect([...got]).toEqual(
        expect.arrayContaining([
          [idOf(1), `${idOf(0)} 9,8`],
          [idOf(2), `${idOf(0)} 9,8`],
        ]),
      );
    });

    test('a message without a handler is dropped and harms nothing after it', async () => {
      let got = 0;
      port(1).onMessage('known', () => {
        got += 1;
      });
      port(0).send(idOf(1), 'unknown', Uint8Array.of(1));
      port(0).send(idOf(1), 'known', Uint8Array.of(1));
      await until(() => expect(got).toBe(1));
    });

    test('a strange device is an unknown peer, and so is oneself', async () => {
      for (const to of [NOBODY, idOf(0)]) {
        expect(port(0).send(to, 'a', new Uint8Array(1))).toMatchObject({ ok: false, reason: 'unknown-peer' });
        const answer = await port(0).request(to, 'a', new Uint8Array(1));
        expect(answer).toMatchObject({ ok: false, reason: 'unknown-peer' });
      }
    });

    test('a topic has one handler', () => {
      port(0).onMessage('once', () => {});
      expect(() => port(0).onMessage('once', () => {})).toThrow();
      port(0).onRequest('once', async () => refuse('no'));
      expect(() => port(0).onRequest('once', async () => refuse('no'))).toThrow();
    });

    test('a message above the limit is refused at the sender', async () => {
      const { maxMessageBytes } = mesh;
      if (maxMessageBytes === undefined) return;
      const tooLarge = new Uint8Array(maxMessageBytes + 1);
      expect(port(0).send(idOf(1), 'a', tooLarge)).toMatchObject({ ok: false, reason: 'too-large' });
      expect(await port(0).request(idOf(1), 'a', tooLarge)).toMatchObject({ ok: false, reason: 'too-large' });
    });

    describe('request', () => {
      const ask = async (place: number, topic: string, bytes: Uint8Array, options = {}) => {
        let answer: Awaited<ReturnType<MessagePort['request']>> | undefined;
        void port(0)
          .request(idOf(place), topic, bytes, options)
          .then((settled) => {
            answer = settled;
          });
        await until(() => expect(answer).toBeDefined());
        return answer as NonNullable<typeof answer>;
      };

      test('each of many requests gets its own answer', async () => {
        port(1).onRequest('double', async (from, bytes) => {
          expect(from).toBe(idOf(0));
          return { ok: true, value: Uint8Array.of((bytes[0] as number) * 2) };
        });
        const asked = Array.from({ length: 100 }, (_, i) => ask(1, 'double', Uint8Array.of(i)));
        const answers = await Promise.all(asked);
        expect(answers.map((answer) => answer.ok && answer.value[0])).toEqual(answers.map((_, i) => i * 2));
      });

      test('large questions and answers arrive whole', async () => {
        port(1).onRequest('echo', async (_, bytes) => ({ ok: true, value: bytes }));
        const question = Uint8Array.from({ length: LARGE_BYTES }, (_, i) => (i * 7) % 253);
        const answer = await ask(1, 'echo', question);
        expect(answer.ok && Buffer.compare(answer.value, question)).toBe(0);
      });

      test('a handler that refuses or rejects answers `refused`, and its error stays where it is', async () => {
        port(1).onRequest('refuses', async () => refuse('not-today'));
        port(1).onRequest('rejects', () => Promise.reject(new Error('the secret is 42')));
        expect(await ask(1, 'refuses', new Uint8Array(0))).toMatchObject({ ok: false, reason: 'refused' });
        const rejected = await ask(1, 'rejects', new Uint8Array(0));
        expect(rejected).toMatchObject({ ok: false, reason: 'refused' });
        expect(JSON.stringify(rejected)).not.toContain('42');
      });

      test('a topic without a handler answers `no-handler`', async () => {
        expect(await ask(1, 'nothing', new Uint8Array(0))).toMatchObject({ ok: false, reason: 'no-handler' });
      });

      test('a handler that never answers ends in `timeout`, and so does an abort', async () => {
        port(1).onRequest('silent', () => Promise.withResolvers<never>().promise);
        expect(await ask(1, 'silent', new Uint8Array(0), { timeoutMs: 30 })).toMatchObject({ reason: 'timeout' });
        const aborted = new AbortController();
        const waiting = ask(1, 'silent', new Uint8Array(0), { timeoutMs: 60_000, signal: aborted.signal });
        aborted.abort();
        expect(await waiting).toMatchObject({ ok: false, reason: 'timeout' });
        const signal = AbortSignal.abort();
        expect(await ask(1, 'silent', new Uint8Array(0), { signal })).toMatchObject({ reason: 'timeout' });
      });
    });

    test('a broken link is told to both sides and ends the requests that wait on it', async () => {
      if (mesh.cut === undefined) return;
      const lost: string[] = [];
      for (const one of [port(0), port(1)]) {
        one.onPeer(({ peer, connected }) => {
          if (!connected) lost.push(`${one.self} ${peer}`);
        });
      }
      port(1).onRequest('silent', () => Promise.withResolvers<never>().promise);
      const waiting = port(0).request(idOf(1), 'silent', new Uint8Array(0), { timeoutMs: 60_000 });
      mesh.cut(0, 1);
      expect(await waiting).toMatchObject({ ok: false, reason: 'disconnected' });
      await until(() => expect(lost.sort()).toEqual([`${idOf(0)} ${idOf(1)}`, `${idOf(1)} ${idOf(0)}`].sort()));
    });
  });
}
