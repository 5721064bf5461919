/** What a server of a version can do, where it says nothing about it itself. */
export interface ServerAbilities {
  /** Takes raw buckets through the name of the time series. */
  readonly rawData: boolean;
  /** Keeps `Timestamp(0, 0)` at the top level of an inserted document when asked to. */
  readonly keepsEmptyTimestamps: boolean;
}

/** `version` as buildInfo tells it; one that is no version counts as old. */
export function abilitiesOf(version: string): ServerAbilities {
  const [major = 0, minor = 0, patch = 0] = version.split(/[-+]/)[0]?.split('.').map(Number) ?? [];
  const atLeast = (a: number, b: number) => major > a || (major === a && minor >= b);
  // SERVER-88750: new in 8.0, brought back to these three only.
  const backported: Readonly<Record<number, number>> = { 5: 29, 6: 17, 7: 13 };
  const since = backported[major];
  return {
    rawData: atLeast(8, 3),
    keepsEmptyTimestamps: atLeast(8, 0) || (minor === 0 && since !== undefined && patch >= since),
  };
}
