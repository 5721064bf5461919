import { constants, type Stats } from 'node:fs';
import { lstat, open, type FileHandle } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { PassThrough, type Readable } from 'node:stream';
import { gunzipStream } from '#archive';
import { AppError, messageOf, systemCode } from '#contracts';

const chunkBytes = 1024 * 1024;

/** A regular file of a dump as the look at its folder found it. */
export interface FoundFile {
  readonly path: string;
  /** Below the folder, for people. */
  readonly name: string;
  readonly gzip: boolean;
  readonly stats: Stats;
}

/** Null: a folder. A link, or anything else that is no file, is refused: it may lead out of the dump. */
export async function statFile(path: string, name: string): Promise<Stats | null> {
  const stats = await lstat(path).catch((error: unknown) => {
    throw unreadable(name, error);
  });
  if (stats.isDirectory()) return null;
  if (stats.isFile()) return stats;
  throw refused(
    `${name} is ${stats.isSymbolicLink() ? 'a link' : 'no regular file'}, and may lead out of the dump`,
    'Copy what belongs to the dump into the folder, as files (cp -rL follows links), and try again',
  );
}

/** Its bytes, unzipped. Fails when it is not the file that was found, and when it changes while it is read. */
export function readFound(file: FoundFile): Readable {
  const out = new PassThrough({ highWaterMark: chunkBytes });
  void feed(file, out).catch((error: unknown) => out.destroy(error as Error));
  return out;
}

async function feed(file: FoundFile, out: PassThrough): Promise<void> {
  const handle = await openFound(file);
  try {
    const source = handle.createReadStream({ highWaterMark: chunkBytes, autoClose: false });
    if (file.gzip) await pipeline(source, gunzipStream(), out, { end: false });
    else await pipeline(source, out, { end: false });
    const { size, mtimeMs } = await handle.stat();
    if (size !== file.stats.size || mtimeMs !== file.stats.mtimeMs) throw changed(file);
  } catch (error) {
    throw named(error, file.name);
  } finally {
    await handle.close();
  }
  out.end();
}

/** Without following a link, without waiting for a pipe, and the same file as before whatever happened to the folders above it. */
async function openFound(file: FoundFile): Promise<FileHandle> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const handle = await open(file.path, flags).catch((error: unknown) => {
    throw systemCode(error) === 'ELOOP' || systemCode(error) === 'ENOENT'
      ? changed(file)
      : unreadable(file.name, error);
  });
  const { dev, ino } = await handle.stat();
  if (dev === file.stats.dev && ino === file.stats.ino) return handle;
  await handle.close();
  throw changed(file);
}

function named(error: unknown, name: string): unknown {
  if (!(error instanceof AppError) || !error.code.startsWith('archive/') || error.message.startsWith(name))
    return error;
  return new AppError({
    ...{ code: error.code, stage: error.stage, message: `${name}: ${error.message}` },
    ...{ hint: error.hint ?? 'Take the dump anew, or import another one', cause: error, details: error.details },
  });
}

function changed({ name }: FoundFile): AppError {
  return refused(
    `${name} changed while the dump was read`,
    'Wait until mongodump, or the copy of the folder, has ended, and try again',
  );
}

export function unreadable(name: string, error: unknown): AppError {
  return new AppError({
    code: 'cli/bad-arguments',
    stage: 'arguments',
    message: `${name} cannot be read (${systemCode(error) ?? messageOf(error)})`,
    hint: 'Give this user the right to read the folder and everything in it',
    cause: error,
  });
}

/** A folder that is no dump, or one that is not taken. */
export function refused(message: string, hint: string): AppError {
  return new AppError({ code: 'archive/not-an-archive', stage: 'open', message, hint });
}
