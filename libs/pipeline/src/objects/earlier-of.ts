/** The earlier of two clocks beside this machine's own; null: neither tells its time. */
export function earlierOf(a: Date | null, b: Date | null): Date | null {
  if (a === null || b === null) return a ?? b;
  return a < b ? a : b;
}
