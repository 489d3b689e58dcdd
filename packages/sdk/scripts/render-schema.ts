/** The part of JSON Schema that the gateway's document uses. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly description?: string;
}

/** A component as an exported interface, or a type where it is not an object. */
export function renderInterface(name: string, schema: Schema): string {
  const { type, properties, description } = schema;
  const comment = description === undefined ? '' : `${commentOf(description, '')}\n`;
  if (type !== 'object' || properties === undefined) return `${comment}export type ${name} = ${typeOf(schema)};\n`;
  return `${comment}export interface ${name} {\n${fieldsOf(schema, '  ').join('\n')}\n}\n`;
}

/** The TypeScript type of a schema. */
export function typeOf(schema: Schema): string {
  if (schema.$ref !== undefined) return schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1);
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeOf).join(' | ');
  if (schema.enum !== undefined) return schema.enum.map((word) => `'${word}'`).join(' | ');
  const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? []);
  return types.map((type) => single(type, schema)).join(' | ') || 'unknown';
}

function single(type: string, schema: Schema): string {
  switch (type) {
    case 'integer':
    case 'number':
      return 'number';
    case 'array':
      return `readonly ${grouped(typeOf(schema.items ?? {}))}[]`;
    case 'object':
      return objectType(schema);
    case 'string':
    case 'boolean':
    case 'null':
      return type;
    default:
      throw new Error(`the renderer does not know the type "${type}"`);
  }
}

function objectType(schema: Schema): string {
  const [values] = Object.values(schema.patternProperties ?? {});
  if (values !== undefined) return `Readonly<Record<string, ${typeOf(values)}>>`;
  const fields = fieldsOf({ ...schema, properties: withoutComments(schema.properties ?? {}) }, '');
  return `{ ${fields.join(' ').replace(/;$/, '')} }`;
}

function withoutComments(properties: Readonly<Record<string, Schema>>): Readonly<Record<string, Schema>> {
  return Object.fromEntries(
    Object.entries(properties).map(([key, { description: _description, ...schema }]) => [key, schema]),
  );
}

function fieldsOf({ properties = {}, required = [] }: Schema, indent: string): string[] {
  return Object.entries(properties).flatMap(([key, schema]) => {
    const field = `${indent}readonly ${key}${required.includes(key) ? '' : '?'}: ${typeOf(schema)};`;
    return schema.description === undefined ? [field] : [commentOf(schema.description, indent), field];
  });
}

function commentOf(text: string, indent: string): string {
  return `${indent}/** ${text[0]?.toUpperCase()}${text.slice(1).replaceAll('*/', '')}${text.endsWith('.') ? '' : '.'} */`;
}

function grouped(type: string): string {
  return type.includes(' ') ? `(${type})` : type;
}
