import { createWriteStream } from 'node:fs';
import { access, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ArchiveReader, tapArchive } from '#archive';
import { AppError, cancelled, randomSuffix, systemCode } from '#contracts';
import type { ArchiveSource } from '#pipeline';
import { bad } from './choose-backup.js';
import type { CliContext } from './context.js';

/**
 * Writes the plain archive, checking it as it passes. A file appears under its name only when the whole archive was good; stdout cannot be taken back, so
 * its reader must mind the exit code. Returns the bytes written.
 */
export async function writeArchive(source: ArchiveSource, output: string, context: CliContext): Promise<number> {
  const reader = new ArchiveReader();
  const temporary = output === '-' ? undefined : await temporaryName(output, context);
  try {
    const archive = await source.open(context.signal);
    const sink = temporary === undefined ? stdout() : createWriteStream(temporary, { flags: 'wx', mode: 0o600 });
    await pipeline(archive, tapArchive(reader), sink, { signal: context.signal });
    if (temporary !== undefined) await publish(temporary, output);
    return reader.offset;
  } catch (error) {
    if (temporary !== undefined) await rm(temporary, { force: true });
    if (context.signal.aborted) throw cancelled(context.signal, 'output');
    throw translate(error, output);
  }
}

async function temporaryName(output: string, context: CliContext): Promise<string> {
  const exists = await access(output).then(
    () => true,
    () => false,
  );
  if (exists) throw bad(`${output} exists already: remove it, or give another name with -o`);
  return join(dirname(output), `.${basename(output)}.${randomSuffix(context.random, 8)}.tmp`);
}

async function publish(temporary: string, output: string): Promise<void> {
  const file = await open(temporary);
  try {
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, output);
}

/** A Writable of its own: ending it must not close the process's stdout. */
function stdout(): Writable {
  if (process.stdout.isTTY)
    throw bad('An archive is no text for a terminal: give a file with -o, or pipe it into mongorestore --archive');
  return new Writable({
    write: (chunk: Buffer, _encoding, done) => void process.stdout.write(chunk, (error) => done(error)),
  });
}

function translate(error: unknown, output: string): AppError {
  const code = error instanceof AppError ? '' : (systemCode(error) ?? '');
  if (!/^E[A-Z]+$/.test(code)) return AppError.from(error, 'output');
  return new AppError({
    code: 'output/failed',
    stage: 'output',
    message: `${output === '-' ? 'stdout' : output} cannot be written (${code})`,
    hint: code === 'ENOSPC' ? 'The disk is full: give another place with -o' : 'Give another place with -o',
    cause: error,
  });
}
