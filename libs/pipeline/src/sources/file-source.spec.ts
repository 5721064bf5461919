import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { AppError, systemClock, systemRandom } from '#contracts';
import { createSealer, generateKey, KeyRing, parseKey, rewrapHeader } from '#crypto';
import { silentObserver } from '../deps.js';
import { fileSource, sniffFile } from './file-source.js';

// Files that were downloaded, sealed ones with and without a header sidecar.

const archive = readFileSync(new URL('../../../../test/fixtures/archives/clinic.archive', import.meta.url));
const signal = new AbortController().signal;
const newKey = () => parseKey(generateKey(systemRandom), 'KEY').key;
const [oldKey, nextKey] = [newKey(), newKey()];
const oldRing = new KeyRing({ current: [oldKey], retired: [] });
const nextRing = new KeyRing({ current: [nextKey], retired: [] });
const bothRing = new KeyRing({ current: [nextKey], retired: [oldKey] });
const folder = mkdtempSync(join(tmpdir(), 'hazina-file-source-'));
const path = join(folder, 'data.hzn');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Codec = 'none' | 'gzip' | 'zstd';
const pack = { none: (bytes: Buffer) => bytes, gzip: gzipSync, zstd: zstdCompressSync };
async function seal(codec: Codec, kind: 'mongodump-archive' | 'manifest' = 'mongodump-archive'): Promise<Buffer> {
  const sealer = await createSealer({
    content: { kind, compression: codec },
    backupId: 'clinic-20261123T020000Z-k3f9q2',
    ring: oldRing,
    kdfSalt: '00'.repeat(16),
    clock: systemClock,
    random: systemRandom,
  });
  return sealer.sealAll(pack[codec](archive));
}
const rewrap = (sealed: Buffer) =>
  rewrapHeader(sealed, { from: oldRing, to: nextRing, kdfSalt: '00'.repeat(16), random: systemRandom });

interface Outcome {
  readonly error?: string;
  readonly warnings?: readonly string[];
}
/** Reads the file twice, as a restore does. */
async function read(ring: KeyRing | undefined, sidecar?: Buffer): Promise<Outcome> {
  try {
    const source = await fileSource(path, { ring, sidecar, observer: silentObserver });
    const { namespaces } = await source.contents(signal);
    expect(namespaces).toHaveLength(7);
    expect((await buffer(await source.open(signal))).equals(archive)).toBe(true);
    return { warnings: source.warnings };
  } catch (error) {
    return { error: error instanceof AppError ? error.code : String(error) };
  }
}
const opens: Outcome = { warnings: [] };
const warns: Outcome = { warnings: [expect.stringContaining(path) as unknown as string] };
function flipped(bytes: Buffer, at: number): Buffer {
  const out = Buffer.from(bytes);
  out[at] = (out[at] ?? 0) ^ 1;
  return out;
}

describe.each(['none', 'gzip', 'zstd'] as const)('a sealed file (%s)', (codec) => {
  let sealed: Buffer;
  let sidecar: Buffer;
  beforeAll(async () => {
    sealed = await seal(codec);
    sidecar = await rewrap(sealed);
  });
  beforeEach(() => writeFileSync(path, sealed));

  it('opens with its key, and with the new one by its sidecar', async () => {
    expect(await read(oldRing)).toEqual(opens);
    expect(await read(nextRing, sidecar)).toEqual(opens);
    expect(await read(nextRing)).toEqual({ error: 'container/no-key' });
    expect(await read(undefined)).toEqual({ error: 'keys/none-set' });
  });

  it.each<[string, (sidecar: Buffer) => Buffer]>([
    ['is empty', () => Buffer.alloc(0)],
    ['is cut', (bytes) => bytes.subarray(0, 100)],
    ['is too long', (bytes) => Buffer.concat([bytes, bytes])],
    ['is something else', () => Buffer.from('no header at all'.repeat(256))],
    ['has no JSON any more', (bytes) => flipped(bytes, 12)],
    ['has another MAC', (bytes) => flipped(bytes, 4090)],
  ])('whose sidecar %s opens by its own header, with a warning', async (_what, damage) => {
    expect(await read(bothRing, damage(sidecar))).toEqual(warns);
    expect(await read(oldRing, damage(sidecar))).toEqual(warns);
    expect(await read(nextRing, damage(sidecar))).toEqual({ error: 'container/bad-header' });
  });

  it('whose sidecar belongs to another file, of another compression, opens by its own header', async () => {
    const foreign = await rewrap(await seal(codec === 'zstd' ? 'none' : 'zstd'));
    expect(await read(bothRing, foreign)).toEqual(warns);
    expect(await read(nextRing, foreign)).toEqual({ error: 'container/foreign-header' });
  });

  it.each<[string, (file: Buffer) => Buffer]>([
    ['magic', (bytes) => flipped(bytes, 0)],
    ['JSON', (bytes) => flipped(bytes, 12)],
    ['whole header', (bytes) => Buffer.concat([Buffer.alloc(4096), bytes.subarray(4096)])],
  ])('whose own %s is damaged opens by its sidecar, with a warning', async (_what, damage) => {
    writeFileSync(path, damage(sealed));
    expect(await read(nextRing, sidecar)).toEqual(warns);
    expect((await read(nextRing)).error).toMatch(/^(container\/(bad-header|not-a-container)|archive\/not-an-archive)$/);
    expect(await read(nextRing, flipped(sidecar, 12))).toEqual({ error: 'container/bad-header' });
  });

  it('whose payload is damaged or cut is refused, with a sidecar or without', async () => {
    for (const [bytes, code] of [
      [flipped(sealed, 5000), 'container/corrupt'],
      [sealed.subarray(0, -1), 'container/corrupt'],
      [sealed.subarray(0, 4136), 'container/truncated'],
    ] as const) {
      writeFileSync(path, bytes);
      expect(await read(oldRing)).toEqual({ error: code });
      expect(await read(nextRing, sidecar)).toEqual({ error: code });
    }
  });
});

describe('other files', () => {
  it.each<[string, () => Buffer, string]>([
    ['an empty one', () => Buffer.alloc(0), 'archive/not-an-archive'],
    ['a text', () => Buffer.from('a text'), 'archive/not-an-archive'],
    ['the beginning of a sealed one', () => Buffer.from('HAZINA\0\x01'), 'container/not-a-container'],
  ])('%s', async (_what, bytes, code) => {
    writeFileSync(path, bytes());
    expect(await read(oldRing)).toEqual({ error: code });
    // Beside a sidecar it must have been a sealed one.
    expect(await read(oldRing, Buffer.alloc(4096))).toEqual({ error: 'container/not-a-container' });
  });

  it('a manifest is not what was asked for', async () => {
    writeFileSync(path, await seal('none', 'manifest'));
    expect(await read(oldRing)).toEqual({ error: 'container/not-the-one-asked-for' });
  });

  it('archives need no key', async () => {
    writeFileSync(path, archive);
    expect(await read(undefined)).toEqual(opens);
    writeFileSync(path, gzipSync(archive));
    expect(await read(undefined)).toEqual(opens);
  });

  it('one that is not there, or a folder', async () => {
    await expect(sniffFile(join(folder, 'none'))).rejects.toMatchObject({ code: 'cli/bad-arguments' });
    await expect(sniffFile(folder)).rejects.toMatchObject({ code: 'cli/bad-arguments' });
  });
});
