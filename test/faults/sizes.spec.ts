import { describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { sealedSize } from '#crypto';
import { proveBackup, runBackup, runVerify, silentObserver } from '#pipeline';
import { createMemoryStore, DelegatingStore, type ObjectHead, type PutOptions, type PutResult } from '#storage';
import { planPartSize } from '../../libs/storage/src/s3/part-size.js';
import { backupDeps, backupRequest, noAbort, testRing } from '../support/backup-world.js';
import { repeatedArchive, wideArchive } from '../support/generated-archive.js';

// F38: nothing at all, very many collections, and streams beyond every limit of a single message or a planned upload (I2, I9). The short stream runs always; with
// HAZINA_LONG_STREAM_GIB=70 it passes the 64 GiB of one GCM message for real, and in its plan of parts the 48.8 GiB of 10,000 default ones.

const gib = 2 ** 30;
const longGib = Number(process.env['HAZINA_LONG_STREAM_GIB'] ?? 3);

/** Counts and hashes what is put, and keeps only what is small. */
class CountingStore extends DelegatingStore {
  readonly sizes = new Map<string, number>();
  sha256 = '';

  override async put(key: string, body: Readable, options: PutOptions): Promise<PutResult> {
    if (!key.endsWith('data.hzn')) return this.inner.put(key, body, options);
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of body) {
      hash.update(chunk as Buffer);
      bytes += (chunk as Buffer).length;
    }
    this.sizes.set(key, bytes);
    this.sha256 = hash.digest('hex');
    return { bytes, etag: '"counted"' };
  }

  override async head(key: string, signal?: AbortSignal): Promise<ObjectHead | null> {
    const bytes = this.sizes.get(key);
    return bytes === undefined ? this.inner.head(key, signal) : { bytes, etag: '"counted"', lastModified: new Date(0) };
  }
}

describe('F38 sizes', () => {
  it('F38 10,000 collections: within a minute and 300 MB', async () => {
    const store = createMemoryStore();
    const archive = wideArchive(10_000);
    const before = process.memoryUsage.rss();
    let peak = before;
    const observer = { ...silentObserver, progress: () => (peak = Math.max(peak, process.memoryUsage.rss())) };
    const began = performance.now();
    const { backup } = await runBackup({ ...backupDeps(store, { archive }), observer }, backupRequest(), noAbort);
    expect(backup.totals).toMatchObject({ collections: 10_000, documents: 10_000 });
    const { manifest } = await proveBackup({ store, ring: testRing }, backup.backupId, noAbort);
    expect(manifest.namespaces).toHaveLength(10_000);
    await runVerify({ store, ring: testRing, observer }, { backupId: backup.backupId, level: 'readable' }, noAbort);
    expect(performance.now() - began).toBeLessThan(60_000);
    expect(peak - before).toBeLessThan(300 * 2 ** 20);
  }, 90_000);

  it(
    `F38 a stream of ${longGib} GiB: memory stays flat, every byte is counted`,
    async () => {
      const store = new CountingStore(createMemoryStore());
      const archive = repeatedArchive(longGib * gib, { sparse: true });
      const samples: number[] = [];
      let sampledAt = 0;
      const observer = {
        ...silentObserver,
        progress: ({ archiveBytes = 0 }) => {
          if (archiveBytes - sampledAt < 64 * 2 ** 20) return;
          sampledAt = archiveBytes;
          samples.push(process.memoryUsage.rss());
        },
      };
      const request = backupRequest({ compression: { codec: 'none', level: undefined } });
      const { backup } = await runBackup({ ...backupDeps(store, { archive }), observer }, request, noAbort);
      expect(backup.totals).toMatchObject({ archiveBytes: archive.bytes, documents: archive.documents });
      expect(backup.objects.data).toMatchObject({ bytes: sealedSize(archive.bytes), sha256: store.sha256 });
      const first = Math.max(...samples.slice(0, 8));
      process.stderr.write(
        `F38: ${longGib} GiB, memory ${Math.round(first / 1e6)} MB at first, ${Math.round(Math.max(...samples) / 1e6)} MB at most\n`,
      );
      expect(Math.max(...samples) - first).toBeLessThan(150 * 2 ** 20);
    },
    Math.max(300_000, longGib * 30_000),
  );

  it('F38 by arithmetic: parts for an estimate of up to 5 TiB, and segments far below the limits of one key', () => {
    for (const expected of [1, 48, 50, 70, 500, 4 * 1024].map((size) => size * gib)) {
      const parts = Math.ceil((sealedSize(expected) * 1.05) / planPartSize(expected, undefined));
      expect(parts).toBeLessThanOrEqual(10_000);
    }
    // 1 MiB of each GCM message of 64 GiB at most; 2^32 messages under one key are 4 PiB.
    expect((sealedSize(70 * gib) - 4096) / 2 ** 20).toBeLessThan(2 ** 32);
  });
});
