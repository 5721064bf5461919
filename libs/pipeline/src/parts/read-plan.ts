import type { ExcerptBlock, ExcerptNamespace } from '#archive';
import type { Manifest, ManifestNamespace } from '#contracts';
import { mismatch } from '../objects/compare-manifest.js';

/** A stretch of the archive that is read as a whole: a compressed frame, or plain bytes where nothing is compressed. */
export interface PlacedFrame {
  /** Number in the manifest; of plain bytes in this plan. */
  readonly index: number;
  /** Where its archive bytes begin, and their number. */
  readonly offset: number;
  readonly archiveBytes: number;
  /** Where it begins in the container's plaintext, and its bytes there. */
  readonly start: number;
  readonly bytes: number;
}

/** What must be read of a backup to have some of its namespaces. */
export interface ReadPlan {
  readonly whole: false;
  readonly namespaces: readonly ManifestNamespace[];
  readonly chosen: readonly ExcerptNamespace[];
  /** Their blocks, in order. */
  readonly blocks: readonly ExcerptBlock[];
  /** What is read, in order: the beginning with the prelude, and what holds a block. */
  readonly frames: readonly PlacedFrame[];
}

/** Why a backup is read as a whole; in words where that is worth a note. */
export interface WholeRead {
  readonly whole: true;
  readonly why: string | null;
}

/**
 * Blocks → frames → bytes (spec/objects.md, the manifest). The manifest is sealed and bound to the backup, so what it says is believed; where it contradicts
 * itself, it is `backup/mismatch`.
 */
export function planReads(
  manifest: Manifest,
  chooses: (namespace: ManifestNamespace) => boolean,
): ReadPlan | WholeRead {
  const { blocks, frames = [], content, totals } = manifest;
  const isCompressed = content.compression !== 'none';
  if (blocks === undefined || (isCompressed && frames.length === 0))
    return { whole: true, why: 'its manifest has no index of frames and blocks' };
  checkBlocks(manifest, blocks);
  const chosen = new Map<number, ExcerptNamespace>();
  for (const [index, namespace] of manifest.namespaces.entries())
    if (chooses(namespace)) chosen.set(index, excerptOf(namespace));
  const wanted = blocks.flatMap(([index, offset, bytes]): ExcerptBlock[] => {
    const namespace = chosen.get(index);
    return namespace === undefined ? [] : [{ namespace, offset, bytes }];
  });
  const indexed = new Set(wanted.map(({ namespace }) => namespace));
  for (const [index, namespace] of chosen)
    if (!indexed.has(namespace) && (manifest.namespaces[index]?.documents ?? 0) > 0)
      return { whole: true, why: 'its manifest does not say where all of its documents are' };
  const ranges = merged([{ offset: 0, bytes: blocks[0]?.[1] ?? totals.archiveBytes }, ...wanted]);
  const placed = isCompressed ? framesOf(manifest, frames, ranges) : plainRanges(ranges);
  const read = placed.reduce((sum, { archiveBytes }) => sum + archiveBytes, 0);
  // Nothing is spared: then the whole object is read, and its SHA-256 checked too.
  if (read === totals.archiveBytes) return { whole: true, why: null };
  const namespaces = manifest.namespaces.filter((_, index) => chosen.has(index));
  return { whole: false, namespaces, chosen: [...chosen.values()], blocks: wanted, frames: placed };
}

function excerptOf({ db, collection, crc64 }: ManifestNamespace): ExcerptNamespace {
  return { db, collection, crc64: BigInt(`0x${crc64}`) };
}

function checkBlocks(manifest: Manifest, blocks: NonNullable<Manifest['blocks']>): void {
  let end = 0;
  for (const [namespace, offset, bytes] of blocks) {
    const isKnown = manifest.namespaces[namespace] !== undefined;
    if (!isKnown || offset < end || offset + bytes > manifest.totals.archiveBytes)
      throw contradiction(manifest, `a block of ${bytes} bytes at ${offset} cannot be there`);
    end = offset + bytes;
  }
}

interface Stretch {
  readonly offset: number;
  readonly bytes: number;
}

/** In order, with those that touch as one. */
function merged(ranges: readonly Stretch[]): Stretch[] {
  const out: { offset: number; bytes: number }[] = [];
  for (const { offset, bytes } of ranges) {
    const last = out.at(-1);
    if (last !== undefined && last.offset + last.bytes === offset) last.bytes += bytes;
    else out.push({ offset, bytes });
  }
  return out.filter(({ bytes }) => bytes > 0);
}

/** The frames that hold these stretches, each once. */
function framesOf(
  manifest: Manifest,
  frames: NonNullable<Manifest['frames']>,
  ranges: readonly Stretch[],
): PlacedFrame[] {
  const placed: PlacedFrame[] = [];
  let [offset, start, next] = [0, 0, 0];
  for (const [index, [archiveBytes, bytes]] of frames.entries()) {
    const end = offset + archiveBytes;
    for (let range = ranges[next]; range !== undefined && range.offset + range.bytes <= offset; range = ranges[next])
      next += 1;
    const range = ranges[next];
    if (range !== undefined && range.offset < end) placed.push({ index, offset, archiveBytes, start, bytes });
    offset = end;
    start += bytes;
  }
  const { archiveBytes, compressedBytes } = manifest.totals;
  if (offset !== archiveBytes || start !== compressedBytes)
    throw contradiction(
      manifest,
      `its frames hold ${offset} bytes in ${start}, not ${archiveBytes} in ${compressedBytes}`,
    );
  return placed;
}

function plainRanges(ranges: readonly Stretch[]): PlacedFrame[] {
  return ranges.map(({ offset, bytes }, index) => ({ index, offset, archiveBytes: bytes, start: offset, bytes }));
}

function contradiction({ backupId }: Manifest, why: string): Error {
  return mismatch(backupId, 'the index in the manifest', why);
}
