import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { AppError, Secret, systemClock, systemRandom } from '#contracts';
import {
  craftedBackupId,
  craftedKeyText,
  craftHeader,
  craftPayload,
} from '../../../../test/support/craft-container.js';
import { firstDifference, mutate, mutations, seededNumbers } from '../../../../test/support/mutations.js';
import { firstPlainSegmentBytes, plainSegmentBytes, segmentBytes } from '../constants.js';
import { KeyRing } from '../keys/key-ring.js';
import { parseKey } from '../keys/parse-key.js';
import { openAll } from '../opener.js';
import { createSealer } from '../sealer.js';
import { readRanges, segmentRuns, type Range } from './read-ranges.js';
import { beginningBytes, SegmentReader } from './segment-reader.js';

// Single segments of sealed files: what was asked for and nothing else, and never a byte that the writer did not seal there.

jest.setTimeout(60_000);

const ringOf = (...texts: string[]) =>
  new KeyRing({ current: texts.map((text) => parseKey(new Secret(text), 'KEY').key), retired: [] });
const ring = ringOf(craftedKeyText);

/** A file as a store gives it: ranged reads, counted. */
function storeOf(bytes: Buffer) {
  const reads: [number, number][] = [];
  const read = (start: number, end: number): Readable => {
    reads.push([start, end]);
    return Readable.from([bytes.subarray(start, end)], { objectMode: false });
  };
  return { reads, read };
}

const opened = (bytes: Buffer, size = bytes.length, opening = ring) =>
  SegmentReader.open(bytes.subarray(0, beginningBytes), { ring: opening, expect: {}, bytes: size });

async function read(bytes: Buffer, ranges: readonly Range[], size = bytes.length, opening = ring): Promise<Buffer[]> {
  const reader = await opened(bytes, size, opening);
  const given: Buffer[] = [];
  for await (const chunk of readRanges(reader, ranges, storeOf(bytes).read)) given.push(chunk);
  return given;
}
async function outcome(work: Promise<Buffer[]>, right: Buffer): Promise<string> {
  try {
    return Buffer.concat(await work).equals(right) ? 'right' : 'WRONG PLAINTEXT';
  } catch (error) {
    return error instanceof AppError ? error.code : String(error);
  }
}

const seal = async (plaintext: Buffer): Promise<Buffer> => {
  const sealer = await createSealer({
    content: { kind: 'mongodump-archive', compression: 'none' },
    ...{ backupId: craftedBackupId, ring, kdfSalt: '5a'.repeat(16), clock: systemClock, random: systemRandom },
  });
  return sealer.sealAll(plaintext);
};
// Five segments, the last of 1,000 bytes.
const plaintext = systemRandom.bytes(firstPlainSegmentBytes + 3 * plainSegmentBytes + 1000);
const edge = (index: number): number => (index === 0 ? 0 : firstPlainSegmentBytes + (index - 1) * plainSegmentBytes);
let file: Buffer;
let other: Buffer;
beforeAll(async () => {
  file = await seal(plaintext);
  other = await seal(systemRandom.bytes(plaintext.length));
});

describe('ranges', () => {
  it.each<[string, Range[], number[]]>([
    ['one byte', [{ start: 5, end: 6 }], [0]],
    ['the last byte of a segment', [{ start: edge(1) - 1, end: edge(1) }], [0]],
    ['the first byte of the next', [{ start: edge(1), end: edge(1) + 1 }], [1]],
    ['both', [{ start: edge(1) - 1, end: edge(1) + 1 }], [0, 1]],
    ['the end alone', [{ start: plaintext.length - 1, end: plaintext.length }], [4]],
    [
      'two in one segment',
      [
        { start: 0, end: 1 },
        { start: 9, end: 20 },
      ],
      [0],
    ],
    [
      'neighbours, as one run',
      [
        { start: 0, end: 1 },
        { start: edge(1), end: edge(1) + 1 },
      ],
      [0, 1],
    ],
    [
      'two with a gap',
      [
        { start: 0, end: 1 },
        { start: edge(3), end: edge(3) + 7 },
      ],
      [0, 3],
    ],
    ['everything', [{ start: 0, end: plaintext.length }], [0, 1, 2, 3, 4]],
    ['nothing', [{ start: 7, end: 7 }], []],
  ])('%s: no other segment is read', async (_what, ranges, segments) => {
    const reader = await opened(file);
    const store = storeOf(file);
    const given: Buffer[] = [];
    for await (const chunk of readRanges(reader, ranges, store.read)) given.push(chunk);
    const right = Buffer.concat(ranges.map(({ start, end }) => plaintext.subarray(start, end)));
    expect(Buffer.concat(given).equals(right)).toBe(true);
    const bytesRead = store.reads.reduce((sum, [start, end]) => sum + end - start, 0);
    expect(bytesRead).toBe(segments.reduce((sum, at) => sum + reader.range(at).end - reader.range(at).start, 0));
    const runs = segments.filter((at, index) => at !== (segments[index - 1] ?? -2) + 1).length;
    expect([store.reads.length, segmentRuns(reader, ranges).length]).toEqual([runs, runs]);
  });

  it('any, many at once, in small pieces', async () => {
    const below = seededNumbers(7);
    for (let round = 0; round < 30; round += 1) {
      const cuts = Array.from({ length: 2 * (1 + below(40)) }, () => below(plaintext.length + 1)).sort((a, b) => a - b);
      const ranges = cuts.flatMap((start, index) =>
        index % 2 === 0 ? [{ start, end: cuts[index + 1] ?? start }] : [],
      );
      const right = Buffer.concat(ranges.map(({ start, end }) => plaintext.subarray(start, end)));
      expect(await outcome(read(file, ranges), right)).toBe('right');
    }
  });

  it.each<[string, Range[]]>([
    ['behind the end', [{ start: 0, end: plaintext.length + 1 }]],
    ['backwards', [{ start: 5, end: 4 }]],
    [
      'out of order',
      [
        { start: 5, end: 6 },
        { start: 4, end: 5 },
      ],
    ],
  ])('%s are a defect of the caller', async (_what, ranges) => {
    await expect(read(file, ranges)).rejects.toThrow(RangeError);
  });

  it('given up: the read that was begun ahead is closed', async () => {
    const reader = await opened(file);
    const streams: Readable[] = [];
    const ranges = [0, 2, 4].map((at) => ({ start: edge(at), end: edge(at) + 1 }));
    const sut = readRanges(reader, ranges, (start, end) => {
      const stream = Readable.from([file.subarray(start, end)], { objectMode: false });
      streams.push(stream);
      return stream;
    });
    await sut.next();
    await sut.return(undefined);
    expect(streams.map(({ destroyed }) => destroyed)).toEqual([true, true]);
  });
});

describe('damage', () => {
  it('is noticed in a segment that is read, and says where; of one that is not read nothing is said', async () => {
    for (const at of [0, 1, 2, 3, 4]) {
      const changed = Buffer.from(file);
      const place = 4096 + at * segmentBytes + 100;
      changed[place] = (changed[place] ?? 0) ^ 1;
      for (const asked of [0, 1, 2, 3, 4]) {
        const range = { start: edge(asked), end: edge(asked) + 10 };
        const found = await outcome(read(changed, [range]), plaintext.subarray(range.start, range.end));
        expect({ at, asked, found }).toEqual({ at, asked, found: at === asked ? 'container/corrupt' : 'right' });
      }
      await expect(read(changed, [{ start: edge(at), end: edge(at) + 1 }])).rejects.toMatchObject({
        details: { segment: at },
      });
    }
  });

  it('by segments in another order, of another file, twice or left out is refused', async () => {
    const part = (from: Buffer, at: number) => from.subarray(4096 + at * segmentBytes, 4096 + (at + 1) * segmentBytes);
    const put = (at: number, segment: Buffer): Buffer => {
      const out = Buffer.from(file);
      segment.copy(out, 4096 + at * segmentBytes);
      return out;
    };
    for (const changed of [put(1, part(file, 2)), put(2, part(file, 1)), put(2, part(other, 2))])
      expect([
        await outcome(read(changed, [{ start: edge(1), end: edge(3) }]), plaintext.subarray(edge(1), edge(3))),
      ]).toEqual(['container/corrupt']);
    // The head of another file: no segment opens.
    const head = Buffer.concat([file.subarray(0, 4096), other.subarray(4096, 4136), file.subarray(4136)]);
    expect(await outcome(read(head, [{ start: edge(3), end: edge(3) + 1 }]), plaintext)).toBe('container/corrupt');
    // Its whole beginning: it opens as what it is, and fits nothing of the rest.
    const beginning = Buffer.concat([other.subarray(0, 4136), file.subarray(4136)]);
    expect(await outcome(read(beginning, [{ start: edge(3), end: edge(3) + 1 }]), plaintext)).toBe('container/corrupt');
  });

  it('a file that was cut is noticed by its authenticated size, wherever it is read', async () => {
    for (const length of [file.length - 1, file.length - 1000, 4096 + 4 * segmentBytes, 4096 + segmentBytes]) {
      const cut = file.subarray(0, length);
      const first = (length - 4096) / segmentBytes;
      for (const asked of [0, 1, 2, 3, 4]) {
        const found = await outcome(
          read(cut, [{ start: edge(asked), end: edge(asked) + 1 }], file.length),
          plaintext.subarray(edge(asked), edge(asked) + 1),
        );
        expect(found).toBe(asked + 1 <= first ? 'right' : 'container/truncated');
      }
    }
  });

  it('a file that was cut and is believed to be whole is noticed where it ends, and only there', async () => {
    const cut = file.subarray(0, 4096 + 3 * segmentBytes);
    expect(await outcome(read(cut, [{ start: edge(2), end: edge(2) + 1 }]), plaintext)).toBe('container/truncated');
    const inside = file.subarray(0, 4096 + 3 * segmentBytes + 500);
    expect(await outcome(read(inside, [{ start: edge(3), end: edge(3) + 1 }]), plaintext)).toBe('container/corrupt');
    expect(await outcome(read(inside, [{ start: 0, end: 1 }]), plaintext.subarray(0, 1))).toBe('right');
  });

  it('a last segment in the middle, and a middle one at the end', async () => {
    const full = Buffer.alloc(firstPlainSegmentBytes, 1);
    const of = (...lasts: boolean[]) =>
      Buffer.concat([
        craftHeader(),
        craftPayload([
          { index: 0, last: lasts[0] === true, plaintext: full },
          { index: 1, last: lasts[1] === true, plaintext: Buffer.alloc(plainSegmentBytes, 2) },
        ]),
      ]);
    const of0 = (bytes: Buffer) => outcome(read(bytes, [{ start: 0, end: 5 }]), full.subarray(0, 5));
    const of1 = (bytes: Buffer) => outcome(read(bytes, [{ start: edge(1), end: edge(1) + 5 }]), Buffer.alloc(5, 2));
    expect([await of0(of(false, true)), await of1(of(false, true))]).toEqual(['right', 'right']);
    expect(await of0(of(true, true))).toBe('container/corrupt');
    expect(await of1(of(false, false))).toBe('container/truncated');
  });

  it.each([0, 39, 41, 255])('a head that says %i', async (length) => {
    const bytes = Buffer.from(file);
    bytes[4096] = length;
    expect(await outcome(read(bytes, [{ start: edge(2), end: edge(2) + 1 }]), plaintext)).toBe('container/corrupt');
  });

  it('a size that no file has', async () => {
    for (const [size, code] of [
      [4096, 'container/truncated'],
      [4136, 'container/truncated'],
      [4137, 'container/corrupt'],
      [4096 + segmentBytes + 16, 'container/corrupt'],
      [100, 'container/not-a-container'],
    ] as const)
      await expect(opened(file, size)).rejects.toMatchObject({ code });
  });

  it.each(Object.keys(mutations))('%s, 150 times: never a wrong byte', async (kind) => {
    const below = seededNumbers(20_261_125 + kind.length);
    const outcomes = new Map<string, number>();
    const edges = [4096, 4136, ...[1, 2, 3, 4].map((at) => 4096 + at * segmentBytes), file.length];
    for (let number = 0; number < 150; number += 1) {
      const changed = mutate(kind, { bytes: file, other, region: [4096, file.length], edges }, below);
      const at = firstDifference(changed, file);
      // Close to the change, or anywhere.
      const start = below(2) === 0 ? below(plaintext.length) : Math.min(Math.max(at - 5000, 0), plaintext.length - 1);
      const end = Math.min(start + 1 + below(1_500_000), plaintext.length);
      const size = below(2) === 0 ? file.length : changed.length;
      const found = await outcome(
        opened(changed, size).then((reader) =>
          // Bytes that a shorter or longer file has, where the size allows them.
          end > reader.plaintextBytes ? [plaintext.subarray(start, end)] : read(changed, [{ start, end }], size),
        ),
        plaintext.subarray(start, end),
      );
      outcomes.set(found, (outcomes.get(found) ?? 0) + 1);
    }
    expect([...outcomes.keys()].filter((found) => !/^(right|container\/(corrupt|truncated))$/.test(found))).toEqual([]);
    expect(outcomes.get('container/corrupt') ?? 0).toBeGreaterThan(5);
  });
});

describe('containers of an independent implementation', () => {
  const folder = new URL('../../../../test/vectors/', import.meta.url);
  const vectors = JSON.parse(readFileSync(new URL('container.json', folder), 'utf8')) as {
    good: { file: string; keys: string[]; plaintextBytes: number }[];
  };
  it.each(vectors.good.map(({ file: name, ...vector }) => [name, vector] as const))('%s', async (name, vector) => {
    const bytes = readFileSync(new URL(`container/${name}`, folder));
    for (const key of vector.keys) {
      const opening = ringOf(key);
      const whole = await openAll(bytes, { ring: opening, expect: {} });
      const reader = await opened(bytes, bytes.length, opening);
      expect(reader.plaintextBytes).toBe(vector.plaintextBytes);
      expect(reader.header).toEqual(whole.header);
      const ends = [0, 1, firstPlainSegmentBytes, vector.plaintextBytes - 1, vector.plaintextBytes];
      for (const start of ends)
        for (const end of ends) {
          if (start < 0 || start > end || end > vector.plaintextBytes) continue;
          const found = await outcome(
            read(bytes, [{ start, end }], bytes.length, opening),
            whole.plaintext.subarray(start, end),
          );
          expect({ start, end, found }).toEqual({ start, end, found: 'right' });
        }
    }
  });
});
