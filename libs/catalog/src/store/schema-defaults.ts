import type { Schema } from 'mongoose';

/** Puts into a plain document what its schema gives to a new one and this one lacks. */
export type Fill = (document: Record<string, unknown>) => void;

/**
 * For documents that Mongoose does not make itself (`lean`): those of older versions lack fields that came later, and a query may have left some out. The one place
 * where that is known; a field without a default stays absent.
 */
export function schemaDefaults(schema: Schema): Fill {
  const fills: Fill[] = [];
  schema.eachPath((name, type) => {
    const { default: given } = type.options as { readonly default?: unknown };
    if (given !== undefined)
      fills.push((document) => {
        if (document[name] === undefined)
          document[name] = typeof given === 'function' ? (given as () => unknown)() : given;
      });
    const { schema: inner } = type as { readonly schema?: Schema };
    if (inner === undefined) return;
    const fill = schemaDefaults(inner);
    fills.push((document) => {
      for (const part of [document[name]].flat()) if (isDocument(part)) fill(part);
    });
  });
  return (document) => {
    for (const fill of fills) fill(document);
  };
}

function isDocument(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
