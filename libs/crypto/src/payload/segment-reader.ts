import { headerBytes, payloadHeadBytes } from '../constants.js';
import { containerError } from '../container-error.js';
import type { ContainerHeader } from '../header/header-types.js';
import { unlockHeader, type OpenOptions } from '../header/open-header.js';
import { plaintextSize, segmentCount, segmentRange } from '../sizes.js';
import { SegmentOpener } from './segment-cipher.js';

/** What a reader needs of a file's beginning: header and payload head. */
export const beginningBytes = headerBytes + payloadHeadBytes;

export interface SegmentReaderOptions extends OpenOptions {
  /**
   * Size of the whole file. It decides which segment is the last, so it must be known from something authenticated (a manifest); else only the last
   * segment, once it opened, proves it: a reader that never asks for that one would not notice a file that was cut at the edge of a segment.
   */
  readonly bytes: number;
}

/** Opens single segments of a sealed file, in any order (spec/container.md, "Range reads"). No byte is given out before its segment's tag was checked. */
export class SegmentReader {
  readonly #cipher: SegmentOpener | undefined;
  readonly #last: number;

  private constructor(
    readonly header: ContainerHeader,
    /** Size of the whole file. */
    readonly bytes: number,
    /** Size of what it holds. */
    readonly plaintextBytes: number,
    cipher: SegmentOpener | undefined,
  ) {
    this.#cipher = cipher;
    this.#last = segmentCount(plaintextBytes) - 1;
  }

  /** By the file's first 4136 bytes. Throws the errors of a reader. */
  static async open(beginning: Buffer, options: SegmentReaderOptions): Promise<SegmentReader> {
    const { bytes } = options;
    const { header, dek } = await unlockHeader(beginning.subarray(0, Math.min(headerBytes, bytes)), options);
    try {
      const head = beginning.subarray(headerBytes, beginningBytes);
      if (bytes <= beginningBytes || head.length < payloadHeadBytes)
        throw containerError('container/truncated', 'The file ends before its first segment');
      const plaintextBytes = plaintextSize(bytes);
      if (plaintextBytes === undefined)
        throw containerError('container/corrupt', `A file of ${bytes} bytes ends inside a tag: no writer makes it`);
      // As in a stream, what the head's length byte says is judged with the segments.
      const cipher = head[0] === payloadHeadBytes ? new SegmentOpener(dek, header.fileId, head) : undefined;
      return new SegmentReader(header, bytes, plaintextBytes, cipher);
    } finally {
      dek.fill(0);
    }
  }

  /** File bytes `[start, end)` of a segment. */
  range(index: number): { start: number; end: number } {
    return segmentRange(index, this.bytes);
  }

  /** The plaintext of segment `index`, given all bytes of its range. Throws `container/corrupt` and `container/truncated`. */
  open(index: number, ciphertext: Buffer): Buffer {
    const { start, end } = this.range(index);
    if (ciphertext.length !== end - start)
      throw new RangeError(`segment ${index} has ${end - start} bytes, not ${ciphertext.length}`);
    const last = index === this.#last;
    const plaintext = this.#cipher?.open(index, last, ciphertext) ?? null;
    if (plaintext !== null) return plaintext;
    if (last && this.#cipher?.open(index, false, ciphertext))
      throw containerError('container/truncated', `The file ends after segment ${index}, which is not the last`);
    throw containerError('container/corrupt', `Segment ${index} at byte ${start} of the file is damaged`, {
      segment: index,
      offset: start,
    });
  }

  /** Forgets the key: nothing can be opened any more. */
  wipe(): void {
    this.#cipher?.wipe();
  }
}
