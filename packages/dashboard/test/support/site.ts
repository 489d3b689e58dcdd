import { type Gateway, type GatewayOptions, startGateway } from '@murmuration/gateway';
import { fixtureDeps } from '../../../gateway/test/fixtures/deps.ts';
import { type FixtureOptions, FixtureSource } from '../../../gateway/test/fixtures/source.ts';
import { DIST } from './build.ts';

/** A real gateway over a scripted swarm, serving the built dashboard. */
export interface Site extends AsyncDisposable {
  readonly url: string;
  readonly source: FixtureSource;
  /** Closes the gateway; the swarm's state stays. */
  stop(): Promise<void>;
  /** Opens it again where it was. */
  start(): Promise<void>;
}

export async function startSite(swarm: FixtureOptions = {}, options: GatewayOptions = {}): Promise<Site> {
  const source = new FixtureSource(swarm);
  const open = (port: number) => startGateway(fixtureDeps(source), { dashboard: DIST, ...options, port });
  let gateway: Gateway | undefined = await open(0);
  const { port } = gateway;
  const stop = async () => {
    await gateway?.[Symbol.asyncDispose]();
    gateway = undefined;
  };
  return {
    url: `http://127.0.0.1:${port}`,
    source,
    stop,
    start: async () => {
      gateway = await open(port);
    },
    [Symbol.asyncDispose]: stop,
  };
}
