// Decimal128 in its string form (IEEE 754-2008, binary integer significand), as the Extended JSON specification writes it.

const bias = 6176;
const digitsMost = 34;
const mask49 = (1n << 49n) - 1n;

export function decimalToText(bytes: Buffer): string {
  const low = bytes.readBigUInt64LE(0);
  const high = bytes.readBigUInt64LE(8);
  const sign = high >> 63n === 1n ? '-' : '';
  const combination = Number((high >> 58n) & 31n);
  if (combination === 31) return 'NaN';
  if (combination === 30) return `${sign}Infinity`;
  const large = combination >> 3 === 3;
  const exponent = Number((high >> (large ? 47n : 49n)) & 0x3fffn) - bias;
  // A significand above 34 digits is not canonical and counts as zero.
  let significand = large ? 0n : ((high & mask49) << 64n) | low;
  if (significand >= 10n ** BigInt(digitsMost)) significand = 0n;
  return sign + scientific(significand.toString(), exponent);
}

function scientific(digits: string, exponent: number): string {
  const adjusted = exponent + digits.length - 1;
  if (exponent > 0 || adjusted < -6) {
    const mantissa = digits.length > 1 ? `${digits.charAt(0)}.${digits.slice(1)}` : digits;
    return `${mantissa}E${adjusted < 0 ? '' : '+'}${adjusted}`;
  }
  if (exponent === 0) return digits;
  const padded = digits.padStart(1 - exponent, '0');
  return `${padded.slice(0, exponent)}.${padded.slice(exponent)}`;
}

/** Throws for a text that is none, or that would have to be rounded. */
export function textToDecimal(text: string): Buffer {
  const bytes = Buffer.alloc(16);
  const special = /^([-+]?)(nan|inf|infinity)$/i.exec(text);
  if (special !== null) {
    const nan = (special[2] ?? '').toLowerCase() === 'nan';
    bytes.writeBigUInt64LE(((nan ? 0x7cn : 0x78n) << 56n) | (special[1] === '-' && !nan ? 1n << 63n : 0n), 8);
    return bytes;
  }
  const parts = /^([-+]?)(\d*)(?:\.(\d*))?(?:[eE]([-+]?\d{1,9}))?$/.exec(text);
  const [, sign = '', whole = '', fraction = '', power = '0'] = parts ?? [];
  if (parts === null || whole + fraction === '') throw new Error(`${JSON.stringify(text)} is no decimal number`);
  let digits = (whole + fraction).replace(/^0+(?=\d)/, '');
  let exponent = Number(power) - fraction.length;
  while (
    (digits.length > digitsMost || exponent > bias - 65) &&
    digits.endsWith('0') &&
    digits.length > 1 &&
    digits.length > digitsMost
  ) {
    digits = digits.slice(0, -1);
    exponent += 1;
  }
  if (/^0+$/.test(digits)) exponent = Math.min(Math.max(exponent, -bias), 6111);
  while (exponent > 6111 && digits.length < digitsMost) {
    digits += '0';
    exponent -= 1;
  }
  while (exponent < -bias && digits.length > 1 && digits.endsWith('0')) {
    digits = digits.slice(0, -1);
    exponent += 1;
  }
  if (digits.length > digitsMost || exponent > 6111 || exponent < -bias)
    throw new Error(`${text} does not fit into a decimal128`);
  const significand = BigInt(digits);
  bytes.writeBigUInt64LE(significand & 0xffff_ffff_ffff_ffffn, 0);
  bytes.writeBigUInt64LE((sign === '-' ? 1n << 63n : 0n) | (BigInt(exponent + bias) << 49n) | (significand >> 64n), 8);
  return bytes;
}
