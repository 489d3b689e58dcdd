/** What every call takes. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** One route, as the generated operations name it. */
export interface Shape {
  readonly method: string;
  /** With `{name}` for parameters. */
  readonly path: string;
  /** Those of the arguments that belong behind the question mark. */
  readonly query?: readonly string[];
  readonly answer: 'json' | 'text' | 'octets';
}

export interface Given {
  readonly args?: Readonly<Record<string, string | number | undefined>> | undefined;
  readonly body?: object | undefined;
  readonly options?: CallOptions | undefined;
}

/** Carries out one call. `T` is the route's promise, which the gateway holds to its schema before it answers. */
export type Send = <T>(shape: Shape, given: Given) => Promise<T>;

/** The address of `shape` with its parameters in place, each one escaped. */
export function pathOf({ path, query = [] }: Shape, args: NonNullable<Given['args']> = {}): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(args[name])));
  const search = new URLSearchParams();
  for (const name of query) {
    const value = args[name];
    if (value !== undefined) search.set(name, String(value));
  }
  const text = search.toString();
  return text === '' ? filled : `${filled}?${text}`;
}
