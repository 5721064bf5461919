import { createHash } from 'node:crypto';

const longestKey = 255;

/** The key in a header, quoted (as the draft of the IETF has it) or not; null: none that can be taken. */
export function readIdempotencyKey(header: string): string | null {
  const key = /^"(.+)"$/.exec(header)?.[1] ?? header;
  return key.length <= longestKey && /^[\x20-\x7e]+$/.test(key) ? key : null;
}

/** Keys belong to whoever uses them: another subject's are others. */
export function keyDigest(subject: string, key: string): string {
  return digest([subject, key]);
}

/** The same for bodies that say the same, whatever the order of their fields. */
export function requestFingerprint(method: string, path: string, body: unknown): string {
  return digest([method, path, ordered(body ?? {})]);
}

function digest(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

function ordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return fields.map(([name, field]) => [name, ordered(field)]);
}
