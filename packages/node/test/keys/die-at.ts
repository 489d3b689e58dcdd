import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/** Kills this process, as `kill -9` does, before its `step`th change of the disk from here on. */
export function dieAt(step: number): void {
  let left = step;
  const dying = <Given extends unknown[], Made>(real: (...given: Given) => Made) =>
    function before(...given: Given): Made {
      left -= 1;
      if (left === 0) process.kill(process.pid, 'SIGKILL');
      return real(...given);
    };
  fs.fsyncSync = dying(fs.fsyncSync);
  fs.renameSync = dying(fs.renameSync) as typeof fs.renameSync;
  fs.unlinkSync = dying(fs.unlinkSync) as typeof fs.unlinkSync;
  fs.writeSync = dying(fs.writeSync as (...given: unknown[]) => number) as typeof fs.writeSync;
  syncBuiltinESMExports();
}
