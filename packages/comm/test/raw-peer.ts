import type { DeviceIdentity } from '@murmuration/identity';
import { encodeHeader, type Frame, frameBytes, type Header, writeFrame } from '../src/channel/frame.ts';
import { createFrameReader } from '../src/channel/frame-reader.ts';
import type { Wire } from '../src/channel/wire.ts';
import { encodeHello } from '../src/membership/hello.ts';
import { createTransport } from '../src/transports/libp2p-transport.ts';
import { clock } from './world.ts';

/** A peer with an honest transport that sends whatever frames a test likes. */
export interface RawPeer extends AsyncDisposable {
  readonly wire: Wire;
  readonly frames: Frame[];
  send(header: Header, payload?: Uint8Array): void;
  /** An honest hello with this identity. */
  hello(identity: DeviceIdentity): void;
  welcome(): void;
  readonly closed: Promise<void>;
}

/** @param transportKey 32 bytes: whose PeerId the connection proves */
export async function dialRaw(address: string, transportKey: Uint8Array): Promise<RawPeer> {
  const transport = await createTransport(
    { clock, secretKey: transportKey, onInbound: () => {}, onRefused: () => {} },
    { listen: [], announce: [], maxLinks: 8, helloTimeoutMs: 5_000 },
  );
  const dialled = await transport.dial(address);
  if (!dialled.ok) throw new Error(`cannot dial ${address}: ${dialled.reason} ${dialled.detail}`);
  const { wire } = dialled.value;
  const frames: Frame[] = [];
  const reader = createFrameReader();
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  wire.listen({
    onBytes: (bytes) => {
      reader.read(bytes, ({ header, payload }) => frames.push({ header, payload: payload.slice() }) > 0);
    },
    onDrain: () => {},
    onClose: resolve,
  });
  return {
    wire,
    frames,
    send: (header, payload = new Uint8Array(0)) => wire.write(frameOf(header, payload)),
    hello: (identity) => wire.write(frameOf({ kind: 'hello' }, encodeHello(identity, 1, 1))),
    welcome: () => wire.write(frameOf({ kind: 'welcome' }, new Uint8Array(0))),
    closed,
    [Symbol.asyncDispose]: async () => {
      wire.abort();
      await transport.close();
    },
  };
}

export function frameOf(header: Header, payload: Uint8Array): Uint8Array {
  const encoded = encodeHeader(header);
  const bytes = new Uint8Array(frameBytes(encoded.length, payload.length));
  writeFrame(bytes, 0, encoded, payload);
  return bytes;
}
