/** What is looked at in an error of the driver; by shape, for an error of another realm is no `instanceof`. */
export interface MongoErrorLike {
  readonly name?: string;
  readonly code?: unknown;
  readonly cause?: unknown;
  /** Of a failed selection: what is known of each server. */
  readonly reason?: { readonly servers?: ReadonlyMap<string, { readonly error?: unknown }> };
  readonly hasErrorLabel?: (label: string) => boolean;
}

const deepest = 5;

/** An error, its causes, and what was wrong with the servers that it speaks of; outermost first. */
export function chainOf(error: unknown, depth = 0): MongoErrorLike[] {
  if (depth > deepest || typeof error !== 'object' || error === null) return [];
  const seen: MongoErrorLike = error;
  const below = [seen.cause];
  if (seen.reason?.servers !== undefined)
    for (const { error: inner } of seen.reason.servers.values()) below.push(inner);
  return [seen, ...below.flatMap((inner) => chainOf(inner, depth + 1))];
}
