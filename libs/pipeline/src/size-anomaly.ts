/** Compared with so many before it; with fewer than `fewest` nobody can tell what is usual. */
export const comparedBackups = 7;
const fewest = 3;
/** Differences below are no news: a small database doubles by a handful of documents. */
const leastBytes = 16_384;

/**
 * A warning about a backup that is far smaller or larger than its target's are (the median of the last seven, newest first, without the new one); null: it is
 * not. A dump that lost most of its data ends as well as one that did not.
 */
export function sizeAnomaly(bytes: number, earlier: readonly number[]): string | null {
  const known = earlier.slice(0, comparedBackups).sort((a, b) => a - b);
  if (known.length < fewest) return null;
  const middle = Math.floor(known.length / 2);
  const upper = known[middle] ?? 0;
  const median = known.length % 2 === 1 ? upper : (upper + (known[middle - 1] ?? upper)) / 2;
  if (Math.abs(bytes - median) < leastBytes) return null;
  if (bytes * 2 >= median && bytes <= median * 2) return null;
  const change = bytes < median ? 'less than half' : 'more than twice';
  return `size: ${bytes} bytes are ${change} of what is usual here (${Math.round(median)}, the median of the last ${known.length}): see whether the database holds what it should`;
}
