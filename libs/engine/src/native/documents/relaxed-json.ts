import { bsonToCanonicalJson } from '#archive';

/**
 * In canonical text a number or a date is one of these, and nothing inside a string looks like it: quotes are escaped there. So order, doubled and
 * integer-like names stay as they are in the document.
 */
const wrapped = /\{"\$date":\{"\$numberLong":"(-?\d+)"\}\}|\{"\$number(Int|Long|Double)":"([^"]*)"\}/g;
const lastYear = Date.UTC(10_000, 0, 1);

/** A raw document as relaxed Extended JSON v2, for people; numbers that JSON cannot hold exactly stay in their canonical form. */
export function bsonToRelaxedJson(document: Uint8Array): string {
  return bsonToCanonicalJson(document).replaceAll(
    wrapped,
    (whole: string, date: string | undefined, kind: string | undefined, number: string | undefined) => {
      if (date !== undefined) return relaxedDate(whole, Number(date));
      if (number === undefined || !Number.isFinite(Number(number))) return whole;
      return kind === 'Long' && !Number.isSafeInteger(Number(number)) ? whole : number;
    },
  );
}

function relaxedDate(whole: string, ms: number): string {
  if (ms < 0 || ms >= lastYear) return whole;
  const iso = new Date(ms).toISOString();
  return `{"$date":"${iso.endsWith('.000Z') ? `${iso.slice(0, -5)}Z` : iso}"}`;
}
