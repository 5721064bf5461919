/** A small BSON document of an archive's own framing: strings, int32, int64 and booleans, as `[name, value]` in order. Throws on any other form. */
export function readFields(bytes: Buffer): Map<string, string | number | bigint | boolean> {
  const fields = new Map<string, string | number | bigint | boolean>();
  const end = bytes.length - 1;
  let at = 4;
  while (at < end) {
    const type = bytes[at];
    const nameEnd = bytes.indexOf(0, at + 1);
    if (nameEnd < 0 || nameEnd >= end) throw new Error('a field name has no end');
    const name = bytes.toString('utf8', at + 1, nameEnd);
    const { value, next } = readValue(bytes, type ?? 0, nameEnd + 1, end, name);
    if (fields.has(name)) throw new Error(`the field ${name} stands twice`);
    fields.set(name, value);
    at = next;
  }
  return fields;
}

function readValue(
  bytes: Buffer,
  type: number,
  at: number,
  end: number,
  name: string,
): { value: string | number | bigint | boolean; next: number } {
  const room = (size: number) => {
    if (at + size > end) throw new Error(`the field ${name} is cut`);
    return at + size;
  };
  switch (type) {
    case 0x02: {
      room(4);
      const length = bytes.readInt32LE(at);
      if (length < 1 || at + 4 + length > end || bytes[at + 3 + length] !== 0)
        throw new Error(`the text ${name} has a wrong length`);
      return { value: bytes.toString('utf8', at + 4, at + 3 + length), next: at + 4 + length };
    }
    case 0x08: {
      const next = room(1);
      const byte = bytes[at];
      if (byte !== 0 && byte !== 1) throw new Error(`${name} is neither true nor false`);
      return { value: byte === 1, next };
    }
    case 0x10: {
      const next = room(4);
      return { value: bytes.readInt32LE(at), next };
    }
    case 0x12: {
      const next = room(8);
      return { value: bytes.readBigUInt64LE(at), next };
    }
    default:
      throw new Error(`the field ${name} has the unexpected type ${type}`);
  }
}
