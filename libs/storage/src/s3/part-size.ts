const mebibyte = 1024 * 1024;
export const smallestPart = 5 * mebibyte;
export const largestPart = 5 * 1024 * mebibyte;
const usualPart = 8 * mebibyte;
/** S3 takes 10,000 parts; the rest is for a dump that outgrows its estimate. */
const plannedParts = 9_000;
/** Parts in flight may take this much memory, unless a single one is larger. */
const mostInFlight = 64 * mebibyte;

/** Bytes of a part. Fixed before an upload begins: some stores (R2) want all parts but the last to be equal. */
export function planPartSize(expectedBytes: number | undefined, configured: number | undefined): number {
  if (configured !== undefined) return Math.min(Math.max(configured, smallestPart), largestPart);
  const needed = Math.ceil(((expectedBytes ?? 0) * 1.3) / plannedParts);
  // Whole mebibytes, so that sizes are easy to recognise in a listing.
  return Math.min(Math.max(usualPart, Math.ceil(needed / mebibyte) * mebibyte), largestPart);
}

/** Parts in flight: fewer of large ones. */
export function planConcurrency(partSize: number, configured: number): number {
  return Math.max(1, Math.min(configured, Math.floor(mostInFlight / partSize)));
}
