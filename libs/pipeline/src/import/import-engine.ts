import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { ArchiveReader, sniff, type ArchivePrelude } from '#archive';
import { AppError, type Compression } from '#contracts';
import type { Dump, DumpEngine, DumpProbe } from '#engine';
import { streamDecompressor } from '../compress/stream-decompressor.js';
import { joined } from '../open-archive.js';
import { unknownServer } from './folder/read-folder.js';
import { PeekedStream } from './peeked-stream.js';

/** A dump made by others, as it comes in. */
export interface ImportedDump {
  /** From its first byte; plain, gzip or zstd. */
  readonly stream: Readable;
  /** For people: the file's name, or "standard input". */
  readonly name: string;
  /** Null: nobody knows. */
  readonly bytes: number | null;
  readonly modifiedAt: Date | null;
  /** What the look at it found. */
  readonly warnings?: readonly string[];
}

const codecs = { archive: 'none', gzip: 'gzip', zstd: 'zstd' } as const satisfies Record<string, Compression>;

/**
 * A mongodump archive in the place of a server: a backup of it is checked, compressed and sealed like any other. Its engine is `import`, by the version of the tool
 * that had made it. Used once: a stream cannot be read again.
 */
export function importEngine(dump: ImportedDump, mostBytes = mostPreludeBytes): DumpEngine {
  let archive: PeekedStream | undefined;
  return {
    name: 'import',
    async probe(): Promise<DumpProbe> {
      const raw = new PeekedStream(dump.stream);
      const codec = await codecOf(dump, raw);
      archive = new PeekedStream(joined([raw.rest(), streamDecompressor(codec)], () => undefined));
      const prelude = await readPrelude(archive, dump.name, mostBytes);
      return {
        engine: { name: 'import', version: prelude.toolVersion },
        // What it stood in cannot be told from its archive.
        server: { version: prelude.serverVersion, topology: 'standalone' },
        databases: [...new Set(prelude.collections.map(({ db }) => db))].sort(),
        estimatedBytes: codec === 'none' ? dump.bytes : null,
        warnings: [describe(dump, prelude), ...(dump.warnings ?? [])],
      };
    },
    dump(_request, _probe, signal): Promise<Dump> {
      if (archive === undefined) throw new Error('an import is probed before it is read');
      const stream = archive.rest();
      const onAbort = (): void => void stream.destroy(AppError.from(signal.reason, 'dump'));
      signal.addEventListener('abort', onAbort, { once: true });
      const result = finished(stream, { writable: false }).then(() => ({
        consistency: { mode: 'none', at: null } as const,
        warnings: [],
      }));
      const settle = (): void => signal.removeEventListener('abort', onAbort);
      result.then(settle, settle);
      return Promise.resolve({ stream, result });
    },
  };
}

async function codecOf({ name }: ImportedDump, raw: PeekedStream): Promise<Compression> {
  const kind = sniff(await raw.first(8));
  if (kind === 'archive' || kind === 'gzip' || kind === 'zstd') return codecs[kind];
  await raw.close();
  throw new AppError({
    code: kind === 'sealed' ? 'cli/bad-arguments' : 'archive/not-an-archive',
    stage: 'open',
    message:
      kind === 'sealed'
        ? `${name} is a sealed backup of Hazina already`
        : `${name} is no mongodump archive, plain, gzipped or compressed with zstd`,
    hint:
      kind === 'sealed'
        ? 'Copy its whole folder into the store instead: hazina catalog sync takes it in'
        : 'Give what mongodump --archive or mongodump --archive --gzip wrote, or the folder that mongodump --out wrote',
  });
}

/**
 * Of the list of collections, which is held in memory: about 100,000 collections with a few indexes each. A file that goes on listing (or unpacks to such a list) is none
 * that a server was dumped into.
 */
export const mostPreludeBytes = 64 * 1024 * 1024;

/** Reads as far as the list of collections goes; all of it is still to be given. */
async function readPrelude(archive: PeekedStream, name: string, mostBytes: number): Promise<ArchivePrelude> {
  let prelude: ArchivePrelude | undefined;
  const reader = new ArchiveReader({ prelude: (found) => (prelude = found) });
  try {
    for (;;) {
      const chunk = await archive.next();
      if (chunk === null) break;
      reader.write(chunk);
      if (prelude !== undefined) return prelude;
      if (reader.offset > mostBytes) throw tooLong(mostBytes);
    }
    reader.end();
    throw new Error('it ends before its list of collections does');
  } catch (error) {
    await archive.close();
    throw notWhole(AppError.from(error, 'archive'), name, reader.offset > mostBytes ? tooLongHint : undefined);
  }
}

function tooLong(mostBytes: number): AppError {
  return new AppError({
    code: 'archive/corrupt-structure',
    stage: 'archive',
    message: `it lists collections for more than ${mostBytes} bytes without coming to its data`,
    hint: tooLongHint,
  });
}

function describe({ name, modifiedAt }: ImportedDump, { toolVersion, serverVersion }: ArchivePrelude): string {
  const when = modifiedAt === null ? '' : `, last written ${modifiedAt.toISOString()}`;
  return `import: taken from ${name}${when}, made by mongodump ${toolVersion} from a server ${serverVersion === unknownServer ? 'of an unknown version' : serverVersion}; the data is as old as that dump, and how consistent it was is not known`;
}

const notWholeHint = 'Nothing was kept. Was the file copied to its end, and written by a mongodump that ended well?';
const tooLongHint =
  'Nothing was kept. If it is a real dump, load it into a scratch server with mongorestore and back that up, or dump a few databases at a time';

/** Damage of an imported dump: nobody can make it again but whoever made it. */
export function notWhole(cause: AppError, name = 'the dump', hint = notWholeHint): AppError {
  if (!/^(archive|compression)\//.test(cause.code)) return cause;
  return new AppError({
    code: cause.code,
    stage: cause.stage,
    message: `${name === 'the dump' ? 'The dump' : name} is not whole: ${cause.message}`,
    hint,
    cause,
    details: cause.details,
  });
}
