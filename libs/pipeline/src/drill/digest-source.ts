import { pipeline } from 'node:stream';
import { ArchiveReader, tapArchive, type ArchiveSummary, type ArchiveTap } from '#archive';
import { ContentDigest } from '#engine';
import { namespaceKey } from '#contracts';
import type { ArchiveSource } from '../sources/archive-source.js';

/** What the archive held, as it was read by the loader. */
export interface DigestedNamespace {
  readonly db: string;
  readonly collection: string;
  readonly documents: number;
  readonly digest: string;
  readonly metadata: string | null;
}

/**
 * A source whose archive is digested while somebody else reads it: what the loader got is what is compared, and nothing is read twice. The contents are
 * known when the reader has come to its end.
 */
export class DigestSource implements ArchiveSource {
  #tap: ArchiveTap | undefined;
  #digests = new Map<string, ContentDigest>();

  constructor(private readonly source: ArchiveSource) {}

  contents: ArchiveSource['contents'] = (signal) => this.source.contents(signal);

  async open(signal: AbortSignal) {
    const archive = await this.source.open(signal);
    const digests = new Map<string, ContentDigest>();
    const reader = new ArchiveReader({
      documents: (namespace, run) => {
        const key = namespaceKey(namespace);
        const digest = digests.get(key) ?? new ContentDigest();
        digests.set(key, digest);
        digest.addRun(run);
      },
    });
    const tap = tapArchive(reader);
    this.#tap = tap;
    this.#digests = digests;
    // An error is the reader's to see.
    tap.on('error', () => undefined);
    pipeline(archive, tap, () => undefined);
    return tap;
  }

  summary(): ArchiveSummary {
    if (this.#tap === undefined) throw new Error('the archive was not opened');
    return this.#tap.summary();
  }

  /** By name. */
  namespaces(): Map<string, DigestedNamespace> {
    const found = new Map<string, DigestedNamespace>();
    for (const { db, collection, documents, metadata } of this.summary().namespaces) {
      const key = namespaceKey({ db, collection });
      const digest = (this.#digests.get(key) ?? new ContentDigest()).text;
      found.set(key, { db, collection, documents, digest, metadata });
    }
    return found;
  }
}
