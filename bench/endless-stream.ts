import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ArchiveWriter, encodeMetadata } from '#archive';
import { newBackupId, Secret, systemClock, systemRandom } from '#contracts';
import { generateKey, KeyRing, parseKey } from '#crypto';
import type { DumpEngine } from '#engine';
import { runBackup, silentObserver } from '#pipeline';
import { createMemoryStore, type ObjectStore, type PutResult } from '#storage';
import { serialize } from './sample-run.js';

/** Feeds the pipeline an archive of any size and counts what comes out: memory must stay flat, and no limit (64 GiB of one GCM message, 10,000 parts) be met. */
export async function runEndlessStream(size: number, say: (text: string) => void): Promise<unknown> {
  const text = generateKey(systemRandom);
  const store = countingStore();
  const peaks: number[] = [];
  let lastSaid = 0;
  const started = performance.now();
  const { backup } = await runBackup(
    {
      store: store.store,
      ring: new KeyRing({ current: [parseKey(text, 'bench').key], retired: [] }),
      engine: endlessEngine(size),
      clock: systemClock,
      random: systemRandom,
      observer: {
        ...silentObserver,
        progress: ({ archiveBytes = 0 }) => {
          if (archiveBytes - lastSaid < size / 20) return;
          lastSaid = archiveBytes;
          const rss = process.memoryUsage.rss();
          peaks.push(rss);
          say(`${(archiveBytes / 2 ** 30).toFixed(1)} GiB, memory ${(rss / 1e6).toFixed(0)} MB`);
        },
      },
    },
    {
      backupId: newBackupId('bench', systemClock.now(), systemRandom),
      target: 'bench',
      attempt: 1,
      trigger: 'cli',
      dump: { uri: new Secret('generated'), databases: [], include: [], exclude: [] },
      compression: { codec: 'zstd', level: undefined },
      label: null,
      pinned: false,
      retentionDays: 1,
    },
    new AbortController().signal,
  );
  const seconds = (performance.now() - started) / 1000;
  const result = {
    archiveBytes: backup.totals.archiveBytes,
    storedBytes: store.bytes(),
    documents: backup.totals.documents,
    seconds,
    megabytesPerSecond: backup.totals.archiveBytes / 1e6 / seconds,
    rssBytes: { first: peaks[0], highest: Math.max(...peaks), last: peaks.at(-1) },
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
  };
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  return result;
}

/** Takes the data and keeps nothing of it; everything small goes to a memory store, so that the commit is real. */
function countingStore(): { store: ObjectStore; bytes: () => number } {
  const memory = createMemoryStore();
  let counted = 0;
  const sizes = new Map<string, number>();
  const put = async (key: string, body: Readable): Promise<PutResult> => {
    let bytes = 0;
    await pipeline(
      body,
      new Writable({
        write: (chunk: Buffer, _encoding, done) => {
          bytes += chunk.length;
          counted += chunk.length;
          done();
        },
      }),
    );
    sizes.set(key, bytes);
    return { bytes, etag: '"counted"' };
  };
  const store = new Proxy(memory, {
    get(target, name, receiver) {
      if (name === 'put') return put;
      if (name === 'head') {
        return async (key: string) => {
          const bytes = sizes.get(key);
          return bytes === undefined ? target.head(key) : { bytes, etag: '"counted"', lastModified: new Date(0) };
        };
      }
      const value: unknown = Reflect.get(target, name, receiver);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  return { store, bytes: () => counted };
}

function endlessEngine(size: number): DumpEngine {
  return {
    name: 'native',
    probe: () =>
      Promise.resolve({
        engine: { name: 'native', version: 'generated' },
        server: { version: '7.0.0', topology: 'standalone' },
        databases: ['bench'],
        estimatedBytes: size,
        warnings: [],
      }),
    dump: () =>
      Promise.resolve({
        stream: Readable.from(generate(size), { objectMode: false, highWaterMark: 4 * 2 ** 20 }),
        result: Promise.resolve({ consistency: { mode: 'none', at: null }, warnings: [] }),
      }),
  };
}

function* generate(size: number): Generator<Buffer> {
  let chunks: Buffer[] = [];
  const writer = new ArchiveWriter((chunk) => chunks.push(chunk));
  const take = function* (): Generator<Buffer> {
    yield* chunks;
    chunks = [];
  };
  const metadata = encodeMetadata({
    options: null,
    indexes: [],
    uuid: null,
    collectionName: 'visits',
    type: 'collection',
  });
  writer.prelude({
    concurrentCollections: 1,
    serverVersion: '7.0.0',
    toolVersion: 'generated',
    collections: [{ db: 'bench', collection: 'visits', metadata, type: 'collection' }],
  });
  // A few hundred different megabytes' worth of documents in turn: enough that no codec sees the same twice within its window.
  const runs = Array.from({ length: 16 }, (_, seed) => serialize(seed, 2 * 2 ** 20));
  let bytes = 0;
  for (let at = 0; bytes < size; at += 1) {
    const run = runs[at % runs.length] ?? Buffer.alloc(0);
    writer.documents('bench', 'visits', run);
    bytes += run.length;
    yield* take();
  }
  writer.endNamespace('bench', 'visits');
  writer.finish();
  yield* take();
}
