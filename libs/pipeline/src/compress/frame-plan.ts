/** A frame holds 4 MiB of archive … (spec/objects.md) */
export const smallestFrame = 4 * 1024 * 1024;
/** … doubled as often as needed to keep at most 65,536 frames. */
export const mostFrames = 65_536;

/** Frames used up before the size doubles once more, when a dump outgrows its estimate (or had none). */
const doublingStart = 32_768;
const doublingStep = 8_192;

/** Archive bytes of the first frames: planned from the estimate with head-room, for an archive is a little larger than its documents. */
export function plannedFrameBytes(estimatedBytes: number | null): number {
  let frame = smallestFrame;
  while (((estimatedBytes ?? 0) * 1.3) / frame > doublingStart) frame *= 2;
  return frame;
}

/** Archive bytes of frame number `index`. It grows when a dump outgrows its estimate: a terabyte without any estimate still keeps to 65,536 frames. */
export function frameBytesAt(index: number, planned: number): number {
  if (index < doublingStart) return planned;
  return planned * 2 ** (1 + Math.floor((index - doublingStart) / doublingStep));
}

/** The thread pool has four threads; three leave one for files and names. */
const mostAtOnce = 3;
/** Archive bytes of the frames at work; a single larger frame still goes. */
const bytesAtOnce = 32 * 1024 * 1024;

/** Compressions or decompressions at the same time: fewer of large frames, for memory is about this times twice the frame. */
export function framesAtOnce(frameBytes: number): number {
  return Math.max(1, Math.min(mostAtOnce, Math.floor(bytesAtOnce / Math.max(frameBytes, 1))));
}
