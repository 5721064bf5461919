import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { FrameCompressor } from './frame-compressor.js';
import { FrameDecompressor } from './frame-decompressor.js';

const frameBytes = 64 * 1024;
const whole = { gzip: gunzipSync, zstd: zstdDecompressSync };

function archive(bytes: number): Buffer {
  const random = randomBytes(1024);
  return Buffer.from(Array.from({ length: bytes }, (_, at) => (random[(at * 7 + (at >> 9)) % 1024] ?? 0) & 0x3f));
}

function pieces(bytes: Buffer, size: number): Readable {
  const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
    bytes.subarray(at * size, (at + 1) * size),
  );
  return Readable.from(chunks, { objectMode: false });
}

async function through(bytes: Buffer, size: number, stage: FrameCompressor | FrameDecompressor): Promise<Buffer> {
  const [, out] = await Promise.all([pipeline(pieces(bytes, size), stage), buffer(stage)]);
  return out;
}

describe.each(['zstd', 'gzip'] as const)('frames of %s', (codec) => {
  const compress = async (bytes: Buffer, size: number) => {
    const sut = new FrameCompressor({ codec, level: undefined, frameBytes });
    return { compressed: await through(bytes, size, sut), frames: sut.frames };
  };

  it.each([0, 1, frameBytes - 1, frameBytes, frameBytes + 1, 5 * frameBytes, 5 * frameBytes + 17])(
    '%i bytes: one ordinary file, cut into frames that open by themselves',
    async (length) => {
      const bytes = archive(length);
      const { compressed, frames } = await compress(bytes, 10_000);
      expect(whole[codec](compressed).equals(bytes)).toBe(true);
      expect(frames).toHaveLength(Math.max(1, Math.ceil(length / frameBytes)));
      let at = 0;
      let plainAt = 0;
      for (const [plain, packed] of frames) {
        expect(
          whole[codec](compressed.subarray(at, at + packed)).equals(bytes.subarray(plainAt, plainAt + plain)),
        ).toBe(true);
        at += packed;
        plainAt += plain;
      }
      expect([at, plainAt]).toEqual([compressed.length, length]);
    },
  );

  it.each([1, 7, 4096, 1_000_000])('decompresses in parallel, fed in pieces of %i bytes', async (size) => {
    const bytes = archive(4 * frameBytes + 5);
    const { compressed, frames } = await compress(bytes, 65_536);
    expect((await through(compressed, size, new FrameDecompressor(codec, frames))).equals(bytes)).toBe(true);
  });

  it('a flipped bit, a cut and bytes too many are errors', async () => {
    const bytes = archive(3 * frameBytes);
    const { compressed, frames } = await compress(bytes, 65_536);
    const flipped = Buffer.from(compressed);
    const at = (frames[0]?.[1] ?? 0) + 30;
    flipped[at] = (flipped[at] ?? 0) ^ 0x10;
    const decompress = (input: Buffer) => through(input, 1000, new FrameDecompressor(codec, frames));
    // A flip inside a zstd frame may also give other bytes of the same number: the archive's own checksums find those.
    const outcome = await decompress(flipped).then(
      (out) => (out.equals(bytes) ? 'unnoticed' : 'other bytes'),
      (error: unknown) => (error as { code: string }).code,
    );
    expect(['compression/corrupt', 'other bytes']).toContain(outcome);
    await expect(decompress(compressed.subarray(0, -1))).rejects.toMatchObject({ code: 'backup/mismatch' });
    await expect(decompress(compressed.subarray(0, -(frames[2]?.[1] ?? 0)))).rejects.toMatchObject({
      code: 'backup/mismatch',
    });
    await expect(decompress(Buffer.concat([compressed, Buffer.alloc(1)]))).rejects.toMatchObject({
      code: 'backup/mismatch',
    });
  });

  it('a frame that does not hold what the manifest tells is damage', async () => {
    const { compressed, frames } = await compress(archive(2 * frameBytes), 65_536);
    const lying = frames.map(([plain, packed], index): [number, number] => [index === 1 ? plain - 1 : plain, packed]);
    await expect(through(compressed, 1000, new FrameDecompressor(codec, lying))).rejects.toMatchObject({
      code: 'compression/corrupt',
    });
  });
});
