/** Milliseconds. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** As many turns as fit into the time, within limits. */
export interface Turns {
  readonly least: number;
  readonly most: number;
  readonly seconds: number;
}

export interface Duel {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly otherP50Ms: number;
  readonly otherP99Ms: number;
  readonly ratio: number;
}

/** Two ways to the same, turn by turn: what the machine does meanwhile meets both. */
export async function duel(
  one: () => Promise<unknown>,
  other: () => Promise<unknown>,
  { least, most, seconds }: Turns,
): Promise<Duel> {
  const ours: number[] = [];
  const theirs: number[] = [];
  const started = performance.now();
  while (ours.length < least || (ours.length < most && performance.now() - started < seconds * 1000)) {
    ours.push(await timed(one));
    theirs.push(await timed(other));
  }
  const p99Ms = percentile(ours, 0.99);
  const otherP99Ms = percentile(theirs, 0.99);
  const [p50Ms, otherP50Ms] = [percentile(ours, 0.5), percentile(theirs, 0.5)];
  return { p50Ms, p99Ms, otherP50Ms, otherP99Ms, ratio: p99Ms / otherP99Ms };
}
