import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Crc64, crc64Hex } from './crc64.js';

/** Bit by bit, as the definition says. */
function reference(bytes: Uint8Array): bigint {
  let crc = 0xffff_ffff_ffff_ffffn;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >> 1n) ^ ((crc & 1n) === 1n ? 0xc96c5795d7870f42n : 0n);
  }
  return crc ^ 0xffff_ffff_ffff_ffffn;
}

describe('Crc64', () => {
  it('has the check value of CRC-64/XZ', () => {
    expect(crc64Hex(new Crc64().update(Buffer.from('123456789')).value())).toBe('995dc9bbdf1939fa');
  });

  it('is 0 of no bytes', () => {
    expect(crc64Hex(new Crc64().value())).toBe('0000000000000000');
  });

  it('agrees with the definition, in any pieces and ranges', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), fc.nat(20), (bytes, cut, before) => {
        const padded = Buffer.concat([Buffer.alloc(before, 7), bytes, Buffer.alloc(3, 7)]);
        const at = before + Math.min(cut, bytes.length);
        const sut = new Crc64().update(padded, before, at).update(padded, at, before + bytes.length);
        expect(sut.value()).toBe(reference(bytes));
      }),
    );
  });

  it('many run at once without disturbing each other, over more than one piece of memory', () => {
    const large = Buffer.alloc(1_200_003, 'abc');
    const [one, two] = [new Crc64(), new Crc64()];
    one.update(large);
    two.update(Buffer.from('123456789'));
    const pieces = new Crc64();
    for (let at = 0; at < large.length; at += 1001) pieces.update(large, at, Math.min(at + 1001, large.length));
    expect(one.value()).toBe(pieces.value());
    expect(crc64Hex(two.value())).toBe('995dc9bbdf1939fa');
    one.reset();
    expect(one.value()).toBe(0n);
  });
});
