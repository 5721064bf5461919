/** Where the value of an `_id` stands in a document that begins with it, as those of collections do. */
export interface IdPlace {
  readonly kind: number;
  /** From the element's type byte to the end of its value. */
  readonly start: number;
  readonly value: number;
  readonly end: number;
}

const valueAt = 4 + 1 + '_id\0'.length;
const fixed: Readonly<Record<number, number>> = {
  ...{ 0x01: 8, 0x07: 12, 0x08: 1, 0x09: 8, 0x0a: 0, 0x10: 4, 0x11: 8, 0x12: 8, 0x13: 16, 0x7f: 0, 0xff: 0 },
};

/** Null: it begins with another field, or its `_id` is of a kind that is not looked at. `from`: where the document begins. */
export function idOf(bytes: Buffer, from: number, to: number): IdPlace | null {
  const value = from + valueAt;
  // "_id\0" as one number.
  if (to - from <= valueAt || bytes.readUInt32BE(from + 5) !== 0x5f696400) return null;
  const kind = bytes[from + 4] ?? 0;
  const length = fixed[kind] ?? variable(bytes, kind, value, to);
  if (length === null || length < 0 || value + length > to) return null;
  return { kind, start: from + 4, value, end: value + length };
}

/** Text, documents, binary data. */
function variable(bytes: Buffer, kind: number, value: number, to: number): number | null {
  if (value + 4 > to) return null;
  const length = bytes.readInt32LE(value);
  if (kind === 0x02) return 4 + length;
  if (kind === 0x03) return length;
  return kind === 0x05 ? 5 + length : null;
}
