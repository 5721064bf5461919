import type { MarkedVerification } from '#contracts';

/** A backup is verified for years: the marks tell of the newest. */
const mostKept = 20;

/**
 * The verdicts that stand in the marks and ours, each once, oldest first, the newest alone when there are many (spec/objects.md, "Marks"). Null: those that stand
 * are all that there is to tell. What others wrote stays as it was.
 */
export function mergeVerifications(
  standing: readonly MarkedVerification[],
  ours: readonly MarkedVerification[],
): MarkedVerification[] | null {
  const known = new Set(standing.map(nameOf));
  const fresh = ours.filter((verification) => !known.has(nameOf(verification)));
  if (fresh.length === 0) return null;
  const merged = [...standing, ...fresh].sort((a, b) => Date.parse(a.at) - Date.parse(b.at)).slice(-mostKept);
  return merged.some((verification) => fresh.includes(verification)) ? merged : null;
}

/** By its id where it has one: another process may have told of the same verification. */
function nameOf({ verificationId, level, at }: MarkedVerification): string {
  return verificationId ?? `${level} ${at}`;
}
