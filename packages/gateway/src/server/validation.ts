import { type MurmurError, nearest } from '@murmuration/core';
import type { FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import type { TLocalizedValidationError } from 'typebox/error';
import { httpError } from '../errors/problem.ts';

/** Mistakes that one answer names at most. */
const MAX_NAMED = 3;
const WHERE: Readonly<Record<string, string>> = { body: 'the body', querystring: 'the query', params: 'the path' };

/** Schemas become checks once, when the route is registered. Numbers in URLs are text there; in bodies they are not. */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const check = Compile(schema);
  const where = WHERE[httpPart ?? ''] ?? 'the request';
  const isText = httpPart === 'querystring' || httpPart === 'params';
  return (data: unknown) => {
    const value = isText ? withNumbers(schema, data) : data;
    return check.Check(value) ? { value } : { error: invalid(where, schema, check.Errors(value)) };
  };
};

/** Turns decimal text into the numbers that `schema` wants, and leaves the rest for the check to refuse. */
function withNumbers(schema: TSchema, data: unknown): unknown {
  const properties: Readonly<Record<string, { type?: unknown }>> =
    'properties' in schema ? Object(schema.properties) : {};
  const entries = Object.entries(Object(data)).map(([key, value]) => {
    const isInteger = properties[key]?.type === 'integer' && /^-?\d{1,16}$/.test(String(value));
    return [key, isInteger ? Number(value) : value];
  });
  return Object.fromEntries(entries);
}

function invalid(where: string, schema: TSchema, errors: readonly TLocalizedValidationError[]): MurmurError {
  const known = 'properties' in schema ? Object.keys(Object(schema.properties)) : [];
  const unknown = errors.flatMap((error) =>
    error.keyword === 'additionalProperties' ? error.params.additionalProperties : [],
  );
  const others = errors.filter(({ keyword }) => keyword !== 'additionalProperties' && keyword !== 'boolean');
  const named = [
    ...unknown.map((key) => `${where} has no field "${key}"`),
    ...others.map((error) => describe(where, error)),
  ];
  const meant = unknown.map((key) => nearest(key, known)).find((key) => key !== undefined);
  return httpError(
    'REQUEST_INVALID',
    named.slice(0, MAX_NAMED).join('; '),
    meant === undefined ? `fields are ${known.join(', ')}; see /docs` : `did you mean "${meant}"?`,
    { where, ...(meant === undefined ? {} : { nearest: meant }) },
  );
}

function describe(where: string, error: TLocalizedValidationError): string {
  if (error.keyword === 'required') return `${where} lacks ${error.params.requiredProperties.join(', ')}`;
  const field = error.instancePath.slice(1).replaceAll('/', '.');
  return `${field === '' ? where : `${field} in ${where}`} ${error.message}`;
}
