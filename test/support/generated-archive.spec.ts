import { describe, expect, it } from '@jest/globals';
import { Readable } from 'node:stream';
import { readArchive } from '#archive';
import { readRepeated, repeatedArchive, wideArchive } from './generated-archive.js';

describe('generated archives', () => {
  it.each([0, 5_000_000])('a valid one of at least %i bytes', async (bytes) => {
    const archive = repeatedArchive(bytes);
    expect(archive.bytes).toBeGreaterThan(bytes);
    const summary = await readArchive(readRepeated(archive));
    expect(summary).toMatchObject({ archiveBytes: archive.bytes });
    expect(summary.namespaces).toMatchObject([{ collection: 'visits', documents: archive.documents }]);
  });

  it('one of many collections', async () => {
    const { namespaces } = await readArchive(Readable.from([wideArchive(300)], { objectMode: false }));
    expect(namespaces).toHaveLength(300);
  });
});
