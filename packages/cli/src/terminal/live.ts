import { dim } from './style.ts';

/** Lines that stay, and below them one status line that is drawn again and again on a terminal. */
export interface LiveScreen {
  line(text?: string): void;
  /** Replaces the status line; nothing where the output is no terminal. */
  status(text: string): void;
  /** Takes the status line away. */
  end(): void;
}

const CLEAR_LINE = '\r\x1b[2K';

export function liveScreen(stream: NodeJS.WriteStream): LiveScreen {
  const terminal = stream.isTTY === true;
  let status = '';
  const draw = (text: string) => {
    if (!terminal) return;
    const room = Math.max(20, (stream.columns ?? 80) - 1);
    stream.write(`${CLEAR_LINE}${text === '' ? '' : dim(text.slice(0, room))}`);
  };
  return {
    line: (text = '') => {
      stream.write(terminal && status !== '' ? `${CLEAR_LINE}${text}\n` : `${text}\n`);
      draw(status);
    },
    status: (text) => {
      status = text;
      draw(text);
    },
    end: () => {
      if (status !== '') draw('');
      status = '';
    },
  };
}
