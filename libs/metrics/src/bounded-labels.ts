/** Lets the first `limit` different values through and calls all others `other`: a slip in a caller must not fill the memory of Prometheus. */
export function boundedLabel(limit: number): (value: string) => string {
  const known = new Set<string>();
  return (value) => {
    if (known.has(value)) return value;
    if (known.size >= limit) return 'other';
    known.add(value);
    return value;
  };
}

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Clients may send any word as the method. */
export function httpMethod(method: string): string {
  return methods.has(method) ? method : 'other';
}
