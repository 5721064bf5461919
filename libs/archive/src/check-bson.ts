const deepest = 200;
const fixed: Readonly<Record<number, number>> = {
  ...{ 0x01: 8, 0x06: 0, 0x07: 12, 0x08: 1, 0x09: 8, 0x0a: 0, 0x10: 4, 0x11: 8, 0x12: 8, 0x13: 16, 0x7f: 0, 0xff: 0 },
};

/**
 * Whether the bytes from `from` to `to` are one BSON document, through and through: every length fits, every type is known, every part ends where it must. For
 * documents that no checksum guards. Throws an Error that says what is wrong, by the byte where; makes nothing of the values.
 */
export function checkBson(bytes: Buffer, from: number, to: number): void {
  checkDocument(bytes, from, to, 0);
}

function checkDocument(bytes: Buffer, from: number, to: number, depth: number): void {
  if (depth > deepest) throw new Error(`a document at byte ${from} is nested too deeply`);
  const end = from + lengthAt(bytes, from, to, 5);
  if (end !== to || bytes[end - 1] !== 0) throw new Error(`a document at byte ${from} has a wrong length`);
  let at = from + 4;
  while (at < end - 1) {
    const type = bytes[at] ?? 0;
    at = checkValue(bytes, type, afterText(bytes, at + 1, end - 1), end - 1, depth);
  }
  if (at !== end - 1) throw new Error(`a document at byte ${from} ends in the middle of a field`);
}

/** Gives where the value ends. */
function checkValue(bytes: Buffer, type: number, at: number, end: number, depth: number): number {
  const size = fixed[type];
  if (size !== undefined) return within(at + size, end, at);
  switch (type) {
    case 0x02:
    case 0x0d:
    case 0x0e:
      return checkString(bytes, at, end);
    case 0x03:
    case 0x04: {
      const next = within(at + lengthAt(bytes, at, end, 5), end, at);
      checkDocument(bytes, at, next, depth + 1);
      return next;
    }
    case 0x05:
      return within(at + 5 + lengthAt(bytes, at, end, 0), end, at);
    case 0x0b:
      return afterText(bytes, afterText(bytes, at, end), end);
    case 0x0c:
      return within(checkString(bytes, at, end) + 12, end, at);
    case 0x0f: {
      const next = within(at + lengthAt(bytes, at, end, 14), end, at);
      checkDocument(bytes, checkString(bytes, at + 4, next), next, depth + 1);
      return next;
    }
    default:
      throw new Error(`a value at byte ${at} has the unknown type ${type}`);
  }
}

function checkString(bytes: Buffer, at: number, end: number): number {
  const next = within(at + 4 + lengthAt(bytes, at, end, 1), end, at);
  if (bytes[next - 1] !== 0) throw new Error(`a text at byte ${at} has a wrong length`);
  return next;
}

function afterText(bytes: Buffer, at: number, end: number): number {
  const zero = bytes.indexOf(0, at);
  if (zero < 0) throw new Error(`a name at byte ${at} has no end`);
  return within(zero + 1, end, at);
}

function lengthAt(bytes: Buffer, at: number, end: number, least: number): number {
  within(at + 4, end, at);
  const length = bytes.readInt32LE(at);
  if (length < least) throw new Error(`a length at byte ${at} cannot be ${length}`);
  return length;
}

function within(next: number, end: number, at: number): number {
  if (next > end) throw new Error(`what begins at byte ${at} is longer than what holds it`);
  return next;
}
