/** Remembers up to `max` values by name and forgets the one unused for longest. A `make` that throws leaves no trace. */
export function lruCache<T>(max: number): (name: string, make: () => T) => T {
  const values = new Map<string, T>();
  return (name, make) => {
    const known = values.get(name);
    if (known !== undefined) {
      values.delete(name);
      values.set(name, known);
      return known;
    }
    const made = make();
    if (values.size >= max) values.delete(values.keys().next().value as string);
    values.set(name, made);
    return made;
  };
}
