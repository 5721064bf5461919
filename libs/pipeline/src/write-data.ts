import type { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ArchiveReader, OplogWatch, tapArchive } from '#archive';
import { AppError, cancelled } from '#contracts';
import { createSealer } from '#crypto';
import type { Dump, DumpProbe, DumpResult } from '#engine';
import { FrameCompressor } from './compress/frame-compressor.js';
import { plannedFrameBytes } from './compress/frame-plan.js';
import { CountAndHash } from './count-and-hash.js';
import { notWhole } from './import/import-engine.js';
import { backupFolder, relativeKeys } from './objects/keys.js';
import { FirstFailure } from './first-failure.js';
import { Pace, Throttle } from './throttle.js';
import type { BackupDeps, BackupRequest, WrittenData } from './backup-types.js';

/** dump → tap → compress → seal → hash → put, as one pipeline: when any part fails, all are destroyed (never ended) and the upload is aborted. */
export async function writeData(
  deps: BackupDeps,
  request: BackupRequest,
  probe: DumpProbe,
  kdfSalt: string,
  signal: AbortSignal,
): Promise<WrittenData> {
  const { codec, level } = request.compression;
  const sealer = await createSealer({
    content: { kind: 'mongodump-archive', compression: codec },
    backupId: request.backupId,
    ring: deps.ring,
    kdfSalt,
    clock: deps.clock,
    random: deps.random,
  });
  const wanted = request.dump.oplog ?? false;
  const oplog = wanted === false ? undefined : new OplogWatch();
  const reader = new ArchiveReader(
    oplog === undefined ? {} : { documents: (namespace, run, count) => oplog.documents(namespace, run, count) },
    // No structure shows that an archive ends before its oplog.
    { recordBlocks: true, ...(wanted === true ? { expectNamespaces: ['.oplog'] } : {}) },
  );
  // From both ends: a slow source shows its archive bytes long before the first frame is full, a slow store its stored ones.
  const report = (): void => {
    deps.observer.progress({
      storedBytes: stored.bytes,
      archiveBytes: reader.offset,
      documents: reader.documents,
      expectedBytes: probe.estimatedBytes,
    });
  };
  const tap = tapArchive(reader, report);
  const compressor =
    codec === 'none'
      ? undefined
      : new FrameCompressor({
          codec,
          level,
          frameBytes: plannedFrameBytes(probe.estimatedBytes),
        });
  const stored = new CountAndHash(report);
  const key = relativeKeys(request.attempt).data;

  deps.observer.stage('dump');
  const dump = await deps.engine.dump({ ...request.dump, ...pacedBy(request) }, probe, signal);
  const throttle = (rate: number | undefined) => (rate === undefined ? [] : [new Throttle(new Pace(rate, deps.clock))]);
  const stages: Transform[] = [
    // First: what is spared is the source, and everything behind follows.
    ...throttle(request.throttleBytesPerSecond),
    tap,
    ...(compressor === undefined ? [] : [compressor]),
    sealer.stream,
    // Of what comes out of it the network to the store gets so much.
    ...throttle(request.storeThrottleBytesPerSecond),
    stored,
  ];
  const asFailure = deps.engine.name === 'import' ? asImportFailure : asDumpFailure;
  await flow(dump, stages, { signal, asFailure }, () =>
    deps.store.put(`${backupFolder(request.backupId)}${key}`, stored, {
      signal,
      ifNoneMatch: true,
      lock: true,
      bulk: true,
      ...(probe.estimatedBytes === null ? {} : { expectedBytes: probe.estimatedBytes }),
    }),
  );
  return {
    object: { key, bytes: stored.bytes, sha256: stored.sha256, fileId: sealer.fileId },
    keyIds: sealer.keyIds,
    archive: tap.summary(),
    frames: compressor?.frames ?? [],
    dump: withMoment(await dump.result, wanted, oplog),
  };
}

/** The slowest of the throttles. That of the store counts as it is: how far the archive shrinks on its way there is not known before. */
function pacedBy(request: BackupRequest): { readonly bytesPerSecond?: number } {
  const { throttleBytesPerSecond = Infinity, storeThrottleBytesPerSecond = Infinity } = request;
  const bytesPerSecond = Math.min(throttleBytesPerSecond, storeThrottleBytesPerSecond);
  return bytesPerSecond === Infinity ? {} : { bytesPerSecond };
}

/** Of what moment an oplog makes the backup, the archive alone tells. */
function withMoment(result: DumpResult, wanted: boolean | 'if-there', oplog: OplogWatch | undefined): DumpResult {
  if (oplog !== undefined && oplog.last !== null)
    return { ...result, consistency: { mode: 'oplog', at: { ...oplog.last } } };
  if (wanted !== true) return result;
  throw new AppError({
    code: 'engine/failed',
    stage: 'dump',
    retry: 'retry',
    message: 'The engine was asked for an oplog, and the one in its archive has no entry',
    hint: 'Nothing was kept. Try again, or leave --oplog (BACKUP_OPLOG, oplog of the target) out',
  });
}

/** Runs the pipeline and the upload that drinks from its end; returns when both succeeded, throws the first cause after all have come to rest. */
async function flow(
  dump: Dump,
  stages: readonly Transform[],
  { signal, asFailure }: { readonly signal: AbortSignal; readonly asFailure: (error: unknown) => AppError },
  put: () => Promise<unknown>,
): Promise<void> {
  const failure = new FirstFailure();
  const stop = new AbortController();
  // The run's signal too: an engine that has given its last byte does not hear it any more, while stages are still busy.
  const passing = pipeline([dump.stream, ...stages], { signal: AbortSignal.any([stop.signal, signal]) }).catch(
    (error: unknown) => failure.note(error),
  );
  const upload = put().catch((error: unknown) => {
    failure.note(error);
    stop.abort();
  });
  const verdict = dump.result.catch((error: unknown) => failure.note(error));
  await Promise.all([passing, upload, verdict]);
  if (failure.error === undefined) return;
  if (signal.aborted) throw cancelled(signal, 'dump');
  throw asFailure(failure.error);
}

function asImportFailure(error: unknown): AppError {
  return notWhole(AppError.from(error, 'dump'));
}

/** An archive that is not whole is the engine's failure here, whatever its exit code said. */
function asDumpFailure(error: unknown): AppError {
  const cause = AppError.from(error, 'dump');
  if (!cause.code.startsWith('archive/')) return cause;
  return new AppError({
    code: 'engine/failed',
    stage: 'dump',
    retry: 'retry',
    message: `The engine ended without an error, but its archive is not whole: ${cause.message}`,
    hint: 'Nothing was kept. Try again; if it happens again, try the other engine (--engine native or mongodump)',
    cause,
    details: cause.details,
  });
}
