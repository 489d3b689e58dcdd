import Type, { type TObject, type TProperties, type TSchema, type TUnsafe } from 'typebox';

/** `T` with every property and array readonly: schemas describe values that nobody changes. */
export type Frozen<T> = T extends (infer Item)[]
  ? readonly Frozen<Item>[]
  : T extends object
    ? { readonly [K in keyof T]: Frozen<T[K]> }
    : T;

/** `true` where each type is assignable to the other, else `never`: how schemas are held to the views of node. */
export type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;

const closed = { additionalProperties: false } as const;

/** A named object without room for unknown keys. The name becomes its component in OpenAPI and its type in the SDK. */
export function object<P extends TProperties>(title: string, properties: P, description?: string): TObject<P> {
  return Type.Object(properties, { ...closed, title, ...(description === undefined ? {} : { description }) });
}

/** An object that is part of another and has no name of its own. */
export function inline<P extends TProperties>(properties: P): TObject<P> {
  return Type.Object(properties, closed);
}

/** `schema` or null, written as a type array: OpenAPI 3.1 reads it and the serializer need not try alternatives. */
export function nullable<S extends TSchema & { type: string }>(schema: S): TUnsafe<Type.Static<S> | null> {
  return Type.Unsafe<Type.Static<S> | null>({ ...schema, type: [schema.type, 'null'] });
}

export function words<const Words extends readonly string[]>(
  ...values: Words
): TUnsafe<Words[number]> & { type: 'string' } {
  return Object.assign(Type.Unsafe<Words[number]>({ enum: [...values] }), { type: 'string' as const });
}

export const text = (description: string) => Type.String({ description });
export const count = (description: string) => Type.Integer({ minimum: 0, description });
export const number = (description: string) => Type.Number({ description });
/** Unix milliseconds. */
export const time = (description = 'unix milliseconds') => Type.Integer({ description });
export const hex = (description: string) => Type.String({ pattern: '^[0-9a-f]*$', description });
export const device = (description = 'device id') => Type.String({ description });
