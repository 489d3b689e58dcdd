/** PBFT in seven processes: links over TLS on loopback, votes synced to the store, every transaction checked by all. */
import type { Row } from '../rows.ts';
import { closedLoop, openLoop } from './load.ts';
import { median, quantile } from './median.ts';
import { ReplicaSwarm } from './swarm.ts';
import { signTransactions, TRANSACTION_BYTES } from './transactions.ts';

const REPETITIONS = 3;
/** Under way in the closed loop: two full batches. */
const OUTSTANDING = 1024;
const WARM_UP_MS = 2000;
const MEASURED_MS = 5000;
const RATE_BAR = 1000;
const P99_BAR_MS = 1000;
/** As devices are set: a busy machine is no reason to change the view. */
const PBFT = { progressTimeoutMs: 4000 };
/** Signed before anything is measured; more than seven processes on two cores could check meanwhile. */
const SIGNED = 60_000;

export async function processRows(): Promise<Row[]> {
  const signed = signTransactions(SIGNED, 1);
  const inline = await measure(signed, 0, REPETITIONS);
  const threads = await measure(signed, 1, 1);
  const rate = median(inline.rates);
  const p99 = median(inline.p99s);
  const load = `${Math.round(rate / 2)} tx/s, open loop, due times`;
  const range = (values: readonly number[]) =>
    `${values.length} times, ${Math.min(...values).toFixed(0)} to ${Math.max(...values).toFixed(0)}`;
  return [
    row('PBFT in seven processes, committed', rate, 'tx/s', range(inline.rates), `≥ ${RATE_BAR}`, rate >= RATE_BAR),
    row('its latency at half that load, p50', median(inline.p50s), 'ms', load, 'none', true),
    row('its latency at half that load, p99', p99, 'ms', `${load}; ${range(inline.p99s)}`, '< 1000', p99 < P99_BAR_MS),
    row(
      'the same with a verifier thread in each process',
      median(threads.rates) / rate,
      'x',
      'no thread, same run',
      'none: an option',
      true,
    ),
  ];
}

interface Measured {
  readonly rates: readonly number[];
  readonly p50s: readonly number[];
  readonly p99s: readonly number[];
}

async function measure(signed: readonly Uint8Array[], verifierWorkers: number, repetitions: number): Promise<Measured> {
  await using swarm = await ReplicaSwarm.start({ pbft: PBFT, verifierWorkers });
  const { client } = swarm;
  const transactions = signed.values();
  const rates: number[] = [];
  const p50s: number[] = [];
  const p99s: number[] = [];
  for (let repetition = 0; repetition < repetitions; repetition++) {
    const during = { warmUpMs: WARM_UP_MS, durationMs: MEASURED_MS };
    const rate = await closedLoop(client, transactions, { ...during, outstanding: OUTSTANDING });
    const latencies = await openLoop(client, transactions, { ...during, perSecond: rate / 2 });
    rates.push(rate);
    p50s.push(median(latencies));
    p99s.push(quantile(latencies, 0.99));
  }
  return { rates, p50s, p99s };
}

function row(what: string, value: number, unit: string, against: string, bar: string, holds: boolean): Row {
  return { what: `${what}, ${TRANSACTION_BYTES} B`, value, unit, against, bar, holds };
}
