import type { Readable } from 'node:stream';
import { ArchiveReader, type ArchivePrelude, type ArchiveSummary } from '#archive';
import { AppError } from '#contracts';
import type { ArchiveContents, SelectionRequest } from '#engine';

/** Something that holds an archive: a backup of the store, or a file. */
export interface ArchiveSource {
  /** What the prelude or the manifest tells, before any block is read. */
  contents(signal: AbortSignal): Promise<ArchiveContents>;
  /**
   * The plain archive from its first byte; may be called again. `only`: what its reader will take of it. A source that can reads nothing else, and gives a
   * whole archive of that alone, as well proven.
   */
  open(signal: AbortSignal, only?: SelectionRequest): Promise<Readable>;
  /** With `only` it reads little more than what was chosen. Absent: it may read everything. */
  readonly readsParts?: boolean;
  /** It gives no bytes now (`store/cold`): there is nothing of it but its contents, and `open` rejects with this. */
  readonly cold?: AppError;
  /** A whole archive of its users, roles and the form that they are in, and nothing else read. Absent: only all of it holds them. */
  openAuthorization?(signal: AbortSignal): Promise<Readable>;
  /** Compares what was read with what else is known of the contents. Throws `backup/mismatch`. */
  check?(summary: ArchiveSummary): void;
}

/** Reads as much of an archive as its prelude takes, and destroys the stream. */
export async function readContents(archive: Readable): Promise<ArchiveContents> {
  let prelude: ArchivePrelude | undefined;
  const reader = new ArchiveReader({ prelude: (found) => (prelude = found) });
  try {
    for await (const chunk of archive) {
      reader.write(chunk as Buffer);
      if (prelude !== undefined) return contentsOf(prelude);
    }
    reader.end();
  } finally {
    archive.destroy();
  }
  throw new AppError({
    code: 'archive/truncated',
    stage: 'archive',
    message: 'The archive ends before its list of collections does',
    hint: 'It was cut, or is none: use another backup, or copy the file again from where it was made',
  });
}

function contentsOf(prelude: ArchivePrelude): ArchiveContents {
  return {
    serverVersion: prelude.serverVersion,
    namespaces: prelude.collections.map(({ db, collection, type }) => ({ db, collection, type, documents: null })),
  };
}
