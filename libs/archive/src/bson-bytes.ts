export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

export function utf8(text: string): Buffer {
  return Buffer.from(text, 'utf8');
}
