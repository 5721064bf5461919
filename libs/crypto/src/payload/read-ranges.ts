import type { Readable } from 'node:stream';
import { segmentBytes } from '../constants.js';
import { containerError } from '../container-error.js';
import { plaintextOffset, segmentOf } from '../sizes.js';
import type { SegmentReader } from './segment-reader.js';

/** Bytes `[start, end)`. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** Neighbouring segments that are fetched with one request, and what is wanted of their plaintext. */
export interface SegmentRun extends Range {
  /** Numbers of the first and the last segment. */
  readonly first: number;
  readonly last: number;
  readonly wanted: readonly Range[];
}

/** Gives bytes `[start, end)` of the file, exactly those. Called one run ahead of what is read, so that it may begin. */
export type RangedRead = (start: number, end: number) => Readable;

/** The segments that hold these ranges of the plaintext (ascending, apart), neighbours as one run. Nothing between two runs is read. */
export function segmentRuns(reader: SegmentReader, ranges: readonly Range[]): SegmentRun[] {
  const runs: (SegmentRun & { wanted: Range[] })[] = [];
  let before = 0;
  for (const range of ranges) {
    if (range.start < before || range.end < range.start || range.end > reader.plaintextBytes)
      throw new RangeError(`bytes ${range.start} to ${range.end} follow ${before} in ${reader.plaintextBytes}`);
    before = range.end;
    if (range.start === range.end) continue;
    const [first, last] = [segmentOf(range.start).index, segmentOf(range.end - 1).index];
    const run = runs.at(-1);
    if (run === undefined || first > run.last + 1)
      runs.push({ first, last, start: reader.range(first).start, end: reader.range(last).end, wanted: [range] });
    else runs[runs.length - 1] = { ...run, last, end: reader.range(last).end, wanted: [...run.wanted, range] };
  }
  return runs;
}

/** The plaintext of some ranges (ascending, apart), in order; of each only what was wanted. Holds one segment, and whatever the ranged reads hold. */
export async function* readRanges(
  reader: SegmentReader,
  ranges: readonly Range[],
  read: RangedRead,
): AsyncGenerator<Buffer> {
  const runs = segmentRuns(reader, ranges);
  const begun: Readable[] = [];
  const begin = (run: SegmentRun | undefined): void => {
    if (run !== undefined) begun.push(read(run.start, run.end));
  };
  try {
    begin(runs[0]);
    for (const [index, run] of runs.entries()) {
      begin(runs[index + 1]);
      const stream = begun[0];
      if (stream === undefined) return;
      yield* wantedOf(reader, run, stream);
      begun.shift();
    }
  } finally {
    for (const stream of begun) stream.destroy();
  }
}

async function* wantedOf(reader: SegmentReader, run: SegmentRun, stream: Readable): AsyncGenerator<Buffer> {
  let index = run.first;
  let next = 0;
  for await (const ciphertext of segmentsOf(reader, run, stream)) {
    const plaintext = reader.open(index, ciphertext);
    const offset = plaintextOffset(index);
    const end = offset + plaintext.length;
    for (let range = run.wanted[next]; range !== undefined && range.start < end; range = run.wanted[next]) {
      yield plaintext.subarray(Math.max(range.start - offset, 0), range.end - offset);
      if (range.end > end) break;
      next += 1;
    }
    index += 1;
  }
}

/** The ciphertext of each segment of a run, in a buffer that is filled again for the next. */
async function* segmentsOf(reader: SegmentReader, run: SegmentRun, stream: Readable): AsyncGenerator<Buffer> {
  const buffer = Buffer.allocUnsafeSlow(segmentBytes);
  let index = run.first;
  let filled = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    for (let taken = 0; taken < chunk.length;) {
      if (index > run.last) throw new RangeError('a ranged read gave more than was asked for');
      const { start, end } = reader.range(index);
      const copied = chunk.copy(buffer, filled, taken, taken + end - start - filled);
      taken += copied;
      filled += copied;
      if (filled < end - start) continue;
      yield buffer.subarray(0, filled);
      index += 1;
      filled = 0;
    }
  }
  if (index <= run.last)
    throw containerError('container/truncated', `The file ends in segment ${index}, before byte ${run.end}`, {
      segment: index,
    });
}
