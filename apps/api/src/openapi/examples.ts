import type { OpenAPIObject } from '@nestjs/swagger';
import { exampleValues } from './example-values.js';

type OperationObject = NonNullable<OpenAPIObject['paths'][string]['get']>;

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly example?: unknown;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly allOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
}
type Schemas = Readonly<Record<string, Schema>>;

/** Gives every JSON body and every JSON reply that is no problem an example, composed of those of its properties. What has one keeps it. */
export function addExamples(document: OpenAPIObject, operations: readonly OperationObject[]): void {
  const schemas = (document.components?.schemas ?? {}) as Schemas;
  for (const { requestBody, responses } of operations) {
    const replies = Object.entries(responses).flatMap(([status, reply]) => (status.startsWith('2') ? [reply] : []));
    for (const part of [requestBody, ...replies]) {
      const media = part !== undefined && 'content' in part ? part.content['application/json'] : undefined;
      if (media?.schema === undefined || media.example !== undefined || media.examples !== undefined) continue;
      media.example = exampleOf(media.schema, schemas);
    }
  }
}

/** The example of a schema: its own, else that of its parts; what has none is told by the name it goes by. */
function exampleOf(schema: Schema, schemas: Schemas, name = ''): unknown {
  if (schema.example !== undefined) return schema.example;
  const { $ref, allOf = [], anyOf = [], items, properties } = schema;
  const usual = exampleValues[name];
  if (usual !== undefined && fits(usual, schema)) return usual;
  if ($ref !== undefined) return exampleOf(schemas[$ref.replace(/^.*\//, '')] ?? {}, schemas, name);
  const [first] = [...allOf, ...anyOf];
  if (first !== undefined) return exampleOf(first, schemas, name);
  if (properties !== undefined) return ofProperties(schema, schemas);
  if (items !== undefined) return hasExample(items) ? [exampleOf(items, schemas, name)] : [];
  return simple(schema);
}

/** A list of texts that nobody gave an example for is empty: most tell what went wrong. */
const hasExample = ({ type, enum: values, example }: Schema): boolean =>
  type !== 'string' || values !== undefined || example !== undefined;

/** What is asked for, and of the rest what has a value to show. */
function ofProperties({ properties = {}, required = [] }: Schema, schemas: Schemas): object {
  const shown = Object.entries(properties).filter(
    ([name, { example, default: usual }]) => required.includes(name) || example !== undefined || usual !== undefined,
  );
  return Object.fromEntries(shown.map(([name, schema]) => [name, exampleOf(schema, schemas, name)]));
}

function simple({ type, default: usual, enum: values, minimum = 0 }: Schema): unknown {
  if (usual !== undefined) return usual;
  if (values !== undefined) return values[0];
  const types = [type].flat();
  if (types.includes('null')) return null;
  if (types.includes('boolean')) return false;
  if (types.includes('object')) return {};
  return types.includes('string') ? 'text' : minimum;
}

function fits(value: unknown, { $ref, type, enum: values, anyOf = [] }: Schema): boolean {
  if (Array.isArray(value)) return [type].flat().includes('array');
  if (values !== undefined) return values.includes(value);
  if (value === null) return [type].flat().includes('null') || anyOf.some((other) => other.type === 'null');
  const kind = Number.isInteger(value) ? ['integer', 'number'] : [typeof value];
  return $ref === undefined && [type].flat().some((one) => one !== undefined && kind.includes(one));
}
