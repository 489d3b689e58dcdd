declare const brand: unique symbol;

/** A `T` that only the functions of its own module can make: two kinds of id never mix by accident. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
