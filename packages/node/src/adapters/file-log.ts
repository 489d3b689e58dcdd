import { existsSync, renameSync, statSync } from 'node:fs';
import type { Log, LogFacts } from '@murmuration/core';
import { type BaseLogger, destination, pino } from 'pino';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface FileLogOptions {
  readonly path: string;
  readonly level: LogLevel;
  /** Past this size the file becomes `<path>.1` and a new one starts; one old file is kept. @default 4 MiB */
  readonly maxBytes?: number;
}

export interface FileLog extends Log, Disposable {}

/** Structured lines in a file that never grows past twice `maxBytes`, the old file included. */
export function fileLog(options: FileLogOptions): FileLog {
  const maxBytes = options.maxBytes ?? 4 * 1024 * 1024;
  let written = existsSync(options.path) ? statSync(options.path).size : 0;
  const open = () => destination({ dest: options.path, sync: true, mkdir: true });
  let file = open();
  const bounded = {
    write(line: string): void {
      if (written > maxBytes) {
        file.end();
        renameSync(options.path, `${options.path}.1`);
        file = open();
        written = 0;
      }
      written += line.length;
      file.write(line);
    },
  };
  const logger = pino({ level: options.level, base: null }, bounded);
  return { ...wrap(logger), [Symbol.dispose]: () => file.end() };
}

interface Logger extends Pick<BaseLogger, 'debug' | 'info' | 'warn' | 'error'> {
  child(facts: LogFacts): Logger;
}

function wrap(logger: Logger): Log {
  const at =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (event: string, facts: LogFacts = {}) => {
      logger[level](facts, event);
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (facts) => wrap(logger.child(facts)),
  };
}
