export interface Turns extends Disposable {
  turn(): Promise<void>;
}

/** A turn of the host's event loop: afterwards every promise that could go on has gone on. */
export function hostTurns(): Turns {
  const { port1, port2 } = new MessageChannel();
  let resume = () => {};
  port1.onmessage = () => resume();
  return {
    turn: () =>
      new Promise((resolve) => {
        resume = resolve;
        port2.postMessage(null);
      }),
    [Symbol.dispose]: () => port1.close(),
  };
}

export function noTurns(): Turns {
  return { turn: () => Promise.resolve(), [Symbol.dispose]: () => {} };
}
