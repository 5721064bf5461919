// The inner loop of CRC-64/XZ as a WebAssembly module, assembled here from named instructions: 64-bit integers in JavaScript are two halves or BigInt, and
// both are several times slower. Slicing-by-16: sixteen bytes a step, one table look-up for each.

/** Where the 16 tables of 256 entries of 8 bytes lie in the module's memory. */
export const tablesOffset = 0;
export const slices = 16;
const tableBytes = 256 * 8;
/** Where the input goes. */
export const inputOffset = slices * tableBytes;
export const inputBytes = 512 * 1024;
const pageBytes = 65_536;

const type = { i32: 0x7f, i64: 0x7e } as const;
const op = {
  block: 0x02,
  loop: 0x03,
  br: 0x0c,
  brIf: 0x0d,
  end: 0x0b,
  localGet: 0x20,
  localSet: 0x21,
  i64Load: 0x29,
  i64Load8U: 0x31,
  i32Const: 0x41,
  i64Const: 0x42,
  i32Eqz: 0x45,
  i32LtU: 0x49,
  i32Add: 0x6a,
  i32Sub: 0x6b,
  i32And: 0x71,
  i32Shl: 0x74,
  i64Xor: 0x85,
  i64ShrU: 0x88,
  i32WrapI64: 0xa7,
} as const;
const noResult = 0x40;
/** Parameters and locals of the function `crc(state: i64, at: i32, left: i32): i64`. */
const local = { state: 0, at: 1, left: 2, low: 3, high: 4 } as const;

/** Bytes of the module; it exports `memory` and `crc`. */
export function crc64Module(): Uint8Array<ArrayBuffer> {
  const pages = Math.ceil((inputOffset + inputBytes) / pageBytes);
  const body = [...declareLocals(), ...wideLoop(), ...byteLoop(), op.localGet, local.state, op.end];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, [1, 0x60, 3, type.i64, type.i32, type.i32, 1, type.i64]),
    ...section(3, [1, 0]),
    ...section(5, [1, 0, ...unsigned(pages)]),
    ...section(7, [2, ...name('memory'), 0x02, 0, ...name('crc'), 0x00, 0]),
    ...section(10, [1, ...unsigned(body.length), ...body]),
  ]);
}

function declareLocals(): number[] {
  return [1, 2, type.i64];
}

/** Sixteen bytes a step while there are as many. */
function wideLoop(): number[] {
  const lookUps = Array.from({ length: slices }, (_, byte) => [
    ...lookUp(byte < 8 ? local.low : local.high, (byte % 8) * 8, slices - 1 - byte),
    ...(byte === 0 ? [] : [op.i64Xor]),
  ]).flat();
  return [
    ...[op.block, noResult, op.loop, noResult],
    ...[op.localGet, local.left, op.i32Const, ...signed(16), op.i32LtU, op.brIf, 1],
    ...[op.localGet, local.state, op.localGet, local.at, op.i64Load, 3, 0, op.i64Xor, op.localSet, local.low],
    ...[op.localGet, local.at, op.i64Load, 3, 8, op.localSet, local.high],
    ...lookUps,
    ...[op.localSet, local.state],
    ...advance(16),
    ...[op.br, 0, op.end, op.end],
  ];
}

function byteLoop(): number[] {
  return [
    ...[op.block, noResult, op.loop, noResult],
    ...[op.localGet, local.left, op.i32Eqz, op.brIf, 1],
    ...[op.localGet, local.state, op.localGet, local.at, op.i64Load8U, 0, 0, op.i64Xor, op.localSet, local.low],
    ...lookUp(local.low, 0, 0),
    ...[op.localGet, local.state, op.i64Const, 8, op.i64ShrU, op.i64Xor, op.localSet, local.state],
    ...advance(1),
    ...[op.br, 0, op.end, op.end],
  ];
}

/** Pushes `table[slice][(value >> shift) & 255]`. */
function lookUp(value: number, shift: number, slice: number): number[] {
  return [
    ...[op.localGet, value, op.i64Const, ...signed(shift), op.i64ShrU, op.i32WrapI64],
    ...[op.i32Const, ...signed(255), op.i32And, op.i32Const, 3, op.i32Shl],
    ...[op.i64Load, 3, ...unsigned(tablesOffset + slice * tableBytes)],
  ];
}

function advance(bytes: number): number[] {
  return [
    ...[op.localGet, local.at, op.i32Const, ...signed(bytes), op.i32Add, op.localSet, local.at],
    ...[op.localGet, local.left, op.i32Const, ...signed(bytes), op.i32Sub, op.localSet, local.left],
  ];
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...unsigned(content.length), ...content];
}

function name(text: string): number[] {
  return [text.length, ...Buffer.from(text, 'latin1')];
}

/** LEB128. */
function unsigned(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)];
}

function signed(value: number): number[] {
  return value < 64 ? [value] : [(value & 127) | 128, ...signed(value >> 7)];
}
