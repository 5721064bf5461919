import { describe, expect, it, jest } from '@jest/globals';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Secret } from '#contracts';
import { KeyRing } from './keys/key-ring.js';
import { writeInPieces } from '../../../test/support/in-pieces.js';
import { parseKey } from './keys/parse-key.js';
import { createOpenStream } from './opener.js';
import { plaintextSize, sealedSize } from './sizes.js';
import type { OpenOptions } from './header/open-header.js';

// Containers made by an independent implementation (test/vectors/container.json explains its fields).

interface Change {
  readonly cut?: number;
  readonly flip?: [number, number];
  readonly append?: number;
  readonly swapSegments?: [number, number];
  readonly duplicateSegment?: number;
  readonly dropSegment?: number;
}
interface Vectors {
  readonly good: {
    file: string;
    keys: string[];
    keyIds: string[];
    plaintextBytes: number;
    plaintextSha256: string;
    fileBytes: number;
    content: unknown;
    fileId: string;
  }[];
  readonly bad: {
    file?: string;
    base?: string;
    keys: string[];
    change?: Change;
    error: string;
    plaintextGiven: number;
    expect?: OpenOptions['expect'];
  }[];
  readonly sidecars: {
    base: string;
    sidecar: string;
    keys: string[];
    opens?: boolean;
    warns?: string;
    error?: string;
    change?: Change;
  }[];
  readonly keys: { text: string; kind: string; keyId?: string; kdfSalt?: string; n?: number; warns?: boolean }[];
  readonly refusedKeys: string[];
}

// Megabytes in small pieces, on a machine that has other work to do.
jest.setTimeout(60_000);

const folder = new URL('../../../test/vectors/', import.meta.url);
const vectors = JSON.parse(readFileSync(new URL('container.json', folder), 'utf8')) as Vectors;
const load = (file: string): Buffer => readFileSync(new URL(`container/${file}`, folder));
/** What every vector holds; container.json tells the formula. */
const plaintextOf = (bytes: number): Buffer =>
  Buffer.from(Uint8Array.from({ length: bytes }, (_, i) => (i * 31 + 7 + (i >> 8) * 13) % 251));
const sizes = [Number.POSITIVE_INFINITY, 1, 7, 4096, 1_048_576];
const segmentBytes = 1_048_576;

const rings = new Map<string, KeyRing>();
function ringOf(keys: readonly string[]): KeyRing {
  const name = JSON.stringify(keys);
  const ring =
    rings.get(name) ?? new KeyRing({ current: keys.map((text) => parseKey(new Secret(text), 'KEY').key), retired: [] });
  rings.set(name, ring);
  return ring;
}

async function open(
  bytes: Buffer,
  size: number,
  options: OpenOptions,
): Promise<{ plaintext: Buffer; error: string | undefined; warnings: string[] }> {
  const stream = createOpenStream(options);
  const given: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => given.push(chunk));
  const ended = new Promise<string | undefined>((resolve) => {
    stream.once('error', (error: Error & { code?: string }) => resolve(error.code ?? error.message));
    stream.once('end', () => resolve(undefined));
  });
  await writeInPieces(stream, bytes, size);
  const error = await ended;
  const warnings = await stream.opened.then(
    (opened) => opened.warnings.map(({ code }) => code),
    () => [],
  );
  return { plaintext: Buffer.concat(given), error, warnings };
}

function changed(bytes: Buffer, change: Change = {}): Buffer {
  let out: Buffer = Buffer.from(bytes);
  const segments = (): Buffer[] =>
    Array.from({ length: Math.ceil((out.length - 4096) / segmentBytes) }, (_, at) =>
      out.subarray(4096 + at * segmentBytes, 4096 + (at + 1) * segmentBytes),
    );
  const join = (parts: Buffer[]): Buffer => Buffer.concat([out.subarray(0, 4096), ...parts]);
  if (change.flip !== undefined) out[change.flip[0]] = (out[change.flip[0]] ?? 0) ^ change.flip[1];
  if (change.swapSegments !== undefined) {
    const [a, b] = change.swapSegments;
    const parts = segments();
    out = join(parts.map((part, at) => (at === a ? parts[b] : at === b ? parts[a] : part) ?? part));
  }
  if (change.duplicateSegment !== undefined)
    out = join(segments().flatMap((part, at) => (at === change.duplicateSegment ? [part, part] : [part])));
  if (change.dropSegment !== undefined) out = join(segments().filter((_, at) => at !== change.dropSegment));
  if (change.cut !== undefined) out = out.subarray(0, change.cut);
  if (change.append !== undefined) out = Buffer.concat([out, Buffer.alloc(change.append)]);
  return out;
}

describe.each(sizes)('in pieces of %d bytes', (size) => {
  it.each(vectors.good.map((vector) => [vector.file, vector] as const))(
    '%s opens with each of its keys',
    async (_, vector) => {
      const bytes = load(vector.file);
      for (const key of vector.keys) {
        const { plaintext, error } = await open(bytes, size, { ring: ringOf([key]), expect: {} });
        expect({ key, error, bytes: plaintext.length }).toEqual({
          key,
          error: undefined,
          bytes: vector.plaintextBytes,
        });
        expect(createHash('sha256').update(plaintext).digest('hex')).toBe(vector.plaintextSha256);
      }
      expect(sealedSize(vector.plaintextBytes)).toBe(vector.fileBytes);
      expect(plaintextSize(vector.fileBytes)).toBe(vector.plaintextBytes);
    },
  );

  it.each(
    vectors.bad.map(
      (vector, index) =>
        [
          index,
          vector.file ?? vector.base ?? '',
          JSON.stringify(vector.change ?? vector.expect ?? {}),
          vector,
        ] as const,
    ),
  )('bad %i: %s %s', async (_index, _file, _change, vector) => {
    const bytes = changed(load(vector.file ?? vector.base ?? ''), vector.change);
    const { plaintext, error } = await open(bytes, size, { ring: ringOf(vector.keys), expect: vector.expect ?? {} });
    expect(error).toBe(vector.error);
    expect(plaintext.length).toBeLessThanOrEqual(vector.plaintextGiven);
    expect(plaintext.equals(plaintextOf(plaintext.length))).toBe(true);
  });

  it.each(vectors.sidecars.map((vector, index) => [index, vector.base, vector.sidecar, vector] as const))(
    'sidecar %i: %s with %s',
    async (_i, _b, _s, vector) => {
      const bytes = changed(load(vector.base), vector.change);
      const { plaintext, error, warnings } = await open(bytes, size, {
        ring: ringOf(vector.keys),
        expect: {},
        sidecar: load(vector.sidecar),
      });
      expect({ error, warnings }).toEqual({
        error: vector.error,
        warnings: vector.warns === undefined ? [] : [vector.warns],
      });
      const bytesHeld = vectors.good.find(({ file }) => file === vector.base)?.plaintextBytes ?? plaintext.length;
      expect(plaintext.equals(plaintextOf(vector.opens === true ? bytesHeld : 0))).toBe(true);
    },
  );
});

describe('keys', () => {
  it.each(vectors.keys.map((vector) => [vector.text, vector] as const))('%j is a key', async (_, vector) => {
    const { key, warnings } = parseKey(new Secret(vector.text), 'KEY');
    expect(warnings).toHaveLength(vector.warns === true ? 1 : 0);
    expect(key.kind).toBe(vector.kind === 'raw' ? 'raw' : 'passphrase');
    const ring = new KeyRing({ current: [key], retired: [] });
    const keyIds = ring.rawKeks().map(({ keyId }) => keyId);
    for await (const { keyId } of ring.scryptKeks(vector.kdfSalt ?? '', vector.n ?? 0)) keyIds.push(keyId);
    expect(keyIds).toEqual([vector.keyId]);
  });

  it.each(vectors.refusedKeys.map((text) => [text]))('%j is refused, and not repeated', (text) => {
    let error: unknown;
    try {
      parseKey(new Secret(text), 'KEY_VARIABLE');
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code: 'keys/refused' });
    const message = (error as Error).message;
    expect(message).toContain('KEY_VARIABLE');
    if (text.length > 8) expect(message).not.toContain(text);
  });
});
