/** A process of a sweep: `worker.ts NAME` runs the seeds that it is sent, one after the other. */
import type { Outcome, Sweep } from './sweep.ts';

const [name] = process.argv.slice(2);
const { sweep }: { sweep: Sweep<Outcome> } = await import(`../${name}.ts`);

process.on('message', (seed: number) => {
  void sweep.seed(seed).then((outcome) => process.send?.(outcome));
});
