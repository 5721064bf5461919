import { BSON } from 'mongodb';

/** A top-level field of a raw BSON document: its type and the bytes of its value, as a view. */
export interface RawValue {
  readonly type: number;
  readonly bytes: Buffer;
}

/** The fields of a raw document by name; nothing is decoded. */
export function rawFields(document: Uint8Array): Map<string, RawValue> {
  const view = Buffer.from(document.buffer, document.byteOffset, document.byteLength);
  const fields = new Map<string, RawValue>();
  for (const [type, nameOffset, nameLength, offset, length] of BSON.onDemand.parseToElements(document)) {
    fields.set(view.toString('utf8', nameOffset, nameOffset + nameLength), {
      type,
      bytes: view.subarray(offset, offset + length),
    });
  }
  return fields;
}

/** The text of a string value; undefined for any other type. */
export function textOf(value: RawValue | undefined): string | undefined {
  return value?.type === 0x02 ? value.bytes.toString('utf8', 4, value.bytes.length - 1) : undefined;
}
