import type { Readable, Transform } from 'node:stream';
import { ArchiveReader, tapArchive } from '#archive';
import type { ManifestNamespace } from '#contracts';
import { FrameDecompressor } from '../compress/frame-decompressor.js';
import { CountBytes } from '../count-bytes.js';
import { comparePart } from '../objects/compare-contents.js';
import { anybodyMaySeal } from '../objects/compare-record.js';
import type { ProvenBackup } from '../objects/prove-backup.js';
import { joined, openArchive, type OpenArchiveDeps, type OpenArchiveOptions } from '../open-archive.js';
import { ExcerptCutter } from './cut-excerpt.js';
import { planReads, type ReadPlan } from './read-plan.js';
import { storedRanges } from './stored-ranges.js';

export interface OpenPartOptions extends OpenArchiveOptions {
  /** Told once, before any byte: what will be read of the object. */
  readonly onExpected?: (bytes: number) => void;
}

/**
 * The archive of some namespaces of a proven backup, and nothing else read of it: a whole mongodump archive of those alone, proven against the manifest
 * (documents, bytes, CRC) before it ends. What is not read is not verified: neither the object's SHA-256 nor other namespaces. Where the manifest has no
 * index, nothing would be spared, or only the object's SHA-256 tells who sealed it, it is the archive of the whole backup instead, as `openArchive` gives it.
 */
export function openPart(
  deps: OpenArchiveDeps,
  proven: ProvenBackup,
  chooses: (namespace: ManifestNamespace) => boolean,
  options: OpenPartOptions,
): Readable {
  const { manifest, backup } = proven;
  const plan = planReads(manifest, chooses);
  // Of what anybody may have sealed the SHA-256 of the record is the proof, and a part has none.
  const needsAll = proven.isRecorded && anybodyMaySeal(proven.dataHeader);
  if (plan.whole || needsAll) {
    options.onExpected?.(backup.objects.data.bytes);
    const why = plan.whole ? plan.why : 'it is sealed for a recipient, and only its whole SHA-256 tells who sealed it';
    if (why !== null) options.onWarning?.(`all of ${backup.backupId} is read, not only what was chosen: ${why}`);
    return openArchive(deps, proven, options);
  }
  options.onExpected?.(plan.frames.reduce((sum, { bytes }) => sum + bytes, 0));
  const source = storedRanges(deps, proven, rangesOf(plan), options.signal);
  const tap = tapArchive(new ArchiveReader());
  const counted = new CountBytes(options.onStoredBytes);
  return joined([source, counted, ...decompressors(plan, proven), new ExcerptCutter(plan), tap], () =>
    comparePart(manifest, plan.namespaces, tap.summary()),
  );
}

/** Whether a part can be read without the rest, as far as that is known before it is chosen. */
export function hasPartIndex({ manifest, dataHeader, isRecorded }: ProvenBackup): boolean {
  const { blocks, frames = [], content } = manifest;
  if (blocks === undefined || (isRecorded && anybodyMaySeal(dataHeader))) return false;
  return content.compression === 'none' || frames.length > 0;
}

/** What is read of the plaintext; frames that follow each other are one range. */
function rangesOf({ frames }: ReadPlan): { start: number; end: number }[] {
  const ranges: { start: number; end: number }[] = [];
  for (const { start, bytes } of frames) {
    const last = ranges.at(-1);
    if (last?.end === start) last.end += bytes;
    else ranges.push({ start, end: start + bytes });
  }
  return ranges;
}

function decompressors({ frames }: ReadPlan, { backup }: ProvenBackup): Transform[] {
  const { compression } = backup.content;
  if (compression === 'none') return [];
  const listed = frames.map(({ archiveBytes, bytes }): [number, number] => [archiveBytes, bytes]);
  return [
    new FrameDecompressor(
      compression,
      listed,
      frames.map(({ index }) => index),
    ),
  ];
}
