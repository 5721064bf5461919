import { decimalToText } from './decimal128.js';

const deepest = 200;

/**
 * A raw BSON document as canonical Extended JSON v2, as Go's driver writes it for mongodump: field by field from the bytes, so that order, doubled and
 * integer-like names are kept. Throws for bytes that are no BSON.
 */
export function bsonToCanonicalJson(document: Uint8Array): string {
  const bytes = Buffer.from(document.buffer, document.byteOffset, document.byteLength);
  return new Cursor(bytes).document(0, false);
}

class Cursor {
  #at = 0;

  constructor(private readonly bytes: Buffer) {}

  document(depth: number, isArray: boolean): string {
    if (depth > deepest) throw new Error('nested too deeply');
    const start = this.#at;
    const end = start + this.#int32() - 1;
    if (end > this.bytes.length || this.bytes[end] !== 0)
      throw new Error(`a document at byte ${start} has a wrong length`);
    const fields: string[] = [];
    while (this.#at < end) {
      const type = this.#take(1)[0] ?? 0;
      const name = this.#cstring();
      const value = this.#value(type, depth);
      fields.push(isArray ? value : `${quote(name)}:${value}`);
    }
    this.#at = end + 1;
    return isArray ? `[${fields.join(',')}]` : `{${fields.join(',')}}`;
  }

  #value(type: number, depth: number): string {
    switch (type) {
      case 0x01:
        return `{"$numberDouble":"${doubleText(this.#take(8).readDoubleLE())}"}`;
      case 0x02:
        return quote(this.#string());
      case 0x03:
        return this.document(depth + 1, false);
      case 0x04:
        return this.document(depth + 1, true);
      case 0x05:
        return this.#binary();
      case 0x06:
        return '{"$undefined":true}';
      case 0x07:
        return `{"$oid":"${this.#take(12).toString('hex')}"}`;
      case 0x08:
        return this.#take(1)[0] === 0 ? 'false' : 'true';
      case 0x09:
        return `{"$date":{"$numberLong":"${this.#take(8).readBigInt64LE()}"}}`;
      case 0x0a:
        return 'null';
      case 0x0b:
        return `{"$regularExpression":{"pattern":${quote(this.#cstring())},"options":${quote(Array.from(this.#cstring()).sort().join(''))}}}`;
      case 0x0c:
        return `{"$dbPointer":{"$ref":${quote(this.#string())},"$id":{"$oid":"${this.#take(12).toString('hex')}"}}}`;
      case 0x0d:
        return `{"$code":${quote(this.#string())}}`;
      case 0x0e:
        return `{"$symbol":${quote(this.#string())}}`;
      case 0x0f:
        this.#take(4);
        return `{"$code":${quote(this.#string())},"$scope":${this.document(depth + 1, false)}}`;
      case 0x10:
        return `{"$numberInt":"${this.#int32()}"}`;
      case 0x11: {
        const increment = this.#take(4).readUInt32LE();
        return `{"$timestamp":{"t":${this.#take(4).readUInt32LE()},"i":${increment}}}`;
      }
      case 0x12:
        return `{"$numberLong":"${this.#take(8).readBigInt64LE()}"}`;
      case 0x13:
        return `{"$numberDecimal":"${decimalToText(this.#take(16))}"}`;
      case 0x7f:
        return '{"$maxKey":1}';
      case 0xff:
        return '{"$minKey":1}';
      default:
        throw new Error(`the BSON type ${type} is unknown`);
    }
  }

  #binary(): string {
    const length = this.#int32();
    const subType = (this.#take(1)[0] ?? 0).toString(16).padStart(2, '0');
    // Subtype 2 holds its length once more.
    const data = subType === '02' ? this.#take(length).subarray(4) : this.#take(length);
    return `{"$binary":{"base64":"${data.toString('base64')}","subType":"${subType}"}}`;
  }

  #int32(): number {
    return this.#take(4).readInt32LE();
  }

  #string(): string {
    const length = this.#int32();
    return this.#take(length).toString('utf8', 0, length - 1);
  }

  #cstring(): string {
    const end = this.bytes.indexOf(0, this.#at);
    if (end < 0) throw new Error('a name has no end');
    const text = this.bytes.toString('utf8', this.#at, end);
    this.#at = end + 1;
    return text;
  }

  #take(length: number): Buffer {
    if (length < 0 || this.#at + length > this.bytes.length) throw new Error(`the document is cut at byte ${this.#at}`);
    this.#at += length;
    return this.bytes.subarray(this.#at - length, this.#at);
  }
}

/** As Go writes a float64 with the fewest digits: `1.0`, `-0.0`, `1e+21`. */
function doubleText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
  if (Object.is(value, -0)) return '-0.0';
  const text = goExponent(value);
  return Number.isInteger(value) && !text.includes('E') ? `${text}.0` : text;
}

function goExponent(value: number): string {
  const magnitude = Math.abs(value);
  if (magnitude !== 0 && (magnitude < 1e-6 || magnitude >= 1e21))
    return value
      .toExponential()
      .toUpperCase()
      .replace(/E([-+])(\d)$/, 'E$10$2');
  return String(value);
}

/** JSON text as Go writes it without HTML escaping. */
function quote(text: string): string {
  return JSON.stringify(text).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}
