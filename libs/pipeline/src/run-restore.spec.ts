import { describe, expect, it } from '@jest/globals';
import { Readable } from 'node:stream';
import { AppError, Secret } from '#contracts';
import type { LoadEngine } from '#engine';
import { buildArchive } from '../../../test/support/build-archive.js';
import { loadRequestTo } from '../../../test/support/load-request.js';
import { runRestore } from './run-restore.js';
import type { ArchiveSource } from './sources/archive-source.js';

const request = loadRequestTo(new Secret('mongodb://one'));
const archive = buildArchive([{ db: 'a', collection: 'b', documents: [{ _id: 1 }, { _id: 2 }] }]);

function world(name: LoadEngine['name'], open: () => Readable, check?: ArchiveSource['check']) {
  const seen: string[] = [];
  const engine: LoadEngine = {
    name,
    plan: () => Promise.resolve({ namespaces: [], notes: [] }),
    load: () => {
      seen.push('load');
      return Promise.resolve({ outcome: 'restored', namespaces: [], warnings: [] });
    },
  };
  const source: ArchiveSource = {
    contents: () => Promise.resolve({ namespaces: [] }),
    open: () => {
      seen.push('open');
      return Promise.resolve(open());
    },
    ...(check === undefined ? {} : { check }),
  };
  const observer = { stage: () => undefined, progress: () => undefined, warning: () => undefined };
  return {
    seen,
    run: (signal = new AbortController().signal) => runRestore({ engine, source, observer }, request, signal),
  };
}

describe('a restore by mongorestore', () => {
  it('reads and checks the whole archive before anything is written', async () => {
    const counts: number[] = [];
    const { seen, run } = world(
      'mongorestore',
      () => Readable.from([archive]),
      ({ namespaces }) => counts.push(...namespaces.map(({ documents }) => documents)),
    );
    await run();
    expect(seen).toEqual(['open', 'open', 'load']);
    expect(counts).toEqual([2]);
  });

  it.each([
    ['damaged', archive.subarray(0, -10), undefined, 'archive/truncated'],
    [
      'another than the manifest says',
      archive,
      () => {
        throw new AppError({ code: 'backup/mismatch', stage: 'verify', message: 'as told' });
      },
      'backup/mismatch',
    ],
  ])('an archive that is %s never reaches the tool', async (_what, bytes, check, code) => {
    const { seen, run } = world('mongorestore', () => Readable.from([bytes]), check);
    await expect(run()).rejects.toMatchObject({ code });
    expect(seen).not.toContain('load');
  });

  it('can be cancelled while it verifies', async () => {
    const abort = new AbortController();
    const { seen, run } = world('mongorestore', () => {
      setImmediate(() => abort.abort());
      // Gives a beginning, and then nothing.
      const source = new Readable({ read: () => undefined });
      source.push(archive.subarray(0, 100));
      return source;
    });
    await expect(run(abort.signal)).rejects.toMatchObject({ code: 'run/cancelled' });
    expect(seen).toEqual(['open']);
  });
});

it('the native engine verifies as it reads: the archive is read once', async () => {
  const { seen, run } = world('native', () => Readable.from([archive]));
  await run();
  expect(seen).toEqual(['open', 'load']);
});
