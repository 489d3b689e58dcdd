import { type ComponentType, useEffect, useState } from 'react';
import { Waiting } from './answer.tsx';

/** A component whose code arrives when it is first shown, or when somebody thought of `load` before. */
export interface Part<P> {
  readonly load: () => Promise<void>;
  /** Undefined until it is loaded. */
  readonly current: () => ComponentType<P> | undefined;
}

export function partOf<P>(load: () => Promise<{ readonly default: ComponentType<P> }>): Part<P> {
  let loaded: ComponentType<P> | undefined;
  return {
    load: async () => {
      loaded ??= (await load()).default;
    },
    current: () => loaded,
  };
}

interface DeferredProps<P> {
  readonly part: Part<P>;
  readonly props: P;
  /** Lines of the placeholder. */
  readonly lines?: number;
}

/**
 * Unlike `lazy` under `Suspense`, which holds back what it shows for 300 ms after its fallback was seen, this renders
 * as soon as the code is there. A failed load is thrown to the nearest `Boundary`.
 */
export function Deferred<P extends object>({ part, props, lines = 8 }: DeferredProps<P>) {
  const [state, setState] = useState<{ readonly error?: unknown }>({});
  useEffect(() => {
    if (part.current() !== undefined) return;
    let gone = false;
    part.load().then(
      () => gone || setState({}),
      (error: unknown) => gone || setState({ error }),
    );
    return () => {
      gone = true;
    };
  }, [part]);
  if (state.error !== undefined) throw state.error;
  const Loaded = part.current();
  return Loaded === undefined ? <Waiting lines={lines} /> : <Loaded {...props} />;
}
