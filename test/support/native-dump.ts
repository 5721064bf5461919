import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { readArchive, type ArchiveSummary } from '#archive';
import { Secret } from '#contracts';
import { createNativeDumpEngine, type Dump, type DumpRequest, type DumpResult, type NativeDumpOptions } from '#engine';
import { services } from '../services/services.js';

export function fixtureArchive(name: string): Buffer {
  const bytes = readFileSync(join(import.meta.dirname, '../fixtures/archives', name));
  return name.endsWith('.gz') ? gunzipSync(bytes) : bytes;
}

export interface DumpedArchive {
  readonly summary: ArchiveSummary;
  /** By collection: SHA-256 of each document's bytes, sorted. */
  readonly documents: ReadonlyMap<string, readonly string[]>;
  readonly result: DumpResult;
}

export function dumpRequest(changes: Partial<Omit<DumpRequest, 'uri'>> & { readonly uri?: string } = {}): DumpRequest {
  const { uri = services().mongodbUri, ...rest } = changes;
  return { databases: [], include: [], exclude: [], ...rest, uri: new Secret(uri) };
}

/** Probes and begins. */
export async function beginDump(
  request: DumpRequest,
  signal: AbortSignal = new AbortController().signal,
  options: Partial<NativeDumpOptions> = {},
): Promise<Dump> {
  const engine = createNativeDumpEngine({ engineVersion: '1.2.3', ...options });
  return engine.dump(request, await engine.probe(request, signal), signal);
}

/** Dumps and reads the whole archive. */
export async function dumpAndRead(request: DumpRequest): Promise<DumpedArchive> {
  const { stream, result } = await beginDump(request);
  return { ...(await hashDocuments(stream)), result: await result };
}

export async function hashDocuments(source: Readable | Buffer): Promise<Omit<DumpedArchive, 'result'>> {
  const found = new Map<string, string[]>();
  const summary = await readArchive(Buffer.isBuffer(source) ? Readable.from([source]) : source, {
    documents: ({ collection }, run) => {
      const hashes = found.get(collection) ?? [];
      found.set(collection, hashes);
      for (let start = 0; start < run.length; start += run.readInt32LE(start)) {
        const document = run.subarray(start, start + run.readInt32LE(start));
        hashes.push(createHash('sha256').update(document).digest('base64'));
      }
    },
  });
  const documents = new Map([...found].sort().map(([name, hashes]) => [name, hashes.sort()]));
  return { summary, documents };
}
