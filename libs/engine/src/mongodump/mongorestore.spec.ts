import { describe, expect, it } from '@jest/globals';
import { buildArchive } from '../../../../test/support/build-archive.js';
import {
  archiveOf,
  documents,
  finished,
  goodWords,
  large,
  restoreByDouble,
  small,
  summary,
} from '../../../../test/support/restore-by-double.js';

// What counts as restored, and what does not.

const { doubles, restore } = restoreByDouble();

describe('success', () => {
  it('is reported with the documents and indexes of every namespace', async () => {
    doubles().restore({ says: goodWords });
    const report = await restore(archiveOf(small));
    expect(report).toMatchObject({
      outcome: 'restored',
      namespaces: [
        { db: 'a', collection: 'b', documents: 3, indexes: 2, differences: [] },
        { db: 'a', collection: 'none', documents: 0, indexes: 1 },
      ],
    });
    expect(report.warnings.join('\n')).toMatch(/writes as it reads/);
    expect(report.warnings.join('\n')).toMatch(/not compared/);
  });

  it('hands the URI over in a private file', async () => {
    doubles().restore({ says: goodWords });
    await restore(archiveOf(small), { mode: 'replace' });
    const { argv, environ, cmdline } = doubles().seen();
    expect(argv.slice(2)).toEqual([
      expect.stringMatching(/^--config=/),
      '--archive',
      '--stopOnError',
      '-j=4',
      '--numInsertionWorkersPerCollection=4',
      '--drop',
    ]);
    expect(environ + cmdline).not.toMatch(/canary|user/);
  });

  it('of more namespaces than the kept words hold', async () => {
    const many = Array.from({ length: 600 }, (_, at) => ({
      db: 'a',
      collection: `${'n'.repeat(100)}${at}`,
      documents: documents(1),
    }));
    doubles().restore({ says: [...many.map(({ collection }) => finished(`a.${collection}`, 1)), summary(600)] });
    const { namespaces } = await restore(buildArchive(many));
    expect(namespaces).toHaveLength(600);
    expect(namespaces.every((namespace) => namespace.documents === 1)).toBe(true);
  });

  it('of a tool that prints the total only: with a warning', async () => {
    doubles().restore({ says: [summary(3)] });
    const { namespaces, warnings } = await restore(archiveOf(small));
    expect(namespaces.map((namespace) => namespace.documents)).toEqual([3, 0]);
    expect(warnings.join('\n')).toMatch(/total/);
  });

  it('of names that it quotes in Go', async () => {
    const odd = ['back`tick', 'new\nline', 'paren (3 documents, 0 failures)', 'tab\there'];
    doubles().restore({
      says: [
        'finished restoring "a.back`tick" (1 document, 0 failures)',
        'finished restoring "a.new\\nline" (1 document, 0 failures)',
        finished('a.paren (3 documents, 0 failures)', 1),
        finished('a.tab\there', 1),
        summary(4),
      ],
    });
    const { namespaces } = await restore(
      buildArchive(odd.map((collection) => ({ db: 'a', collection, documents: documents(1) }))),
    );
    expect(namespaces.map(({ collection }) => collection)).toEqual([...odd].sort());
  });
});

describe('exit code 0 is no success', () => {
  it.each([
    [
      'nothing of the input was taken',
      { reads: 0, says: [finished('a.b', 50), summary(50)] },
      large,
      /before it had read the whole archive/,
    ],
    [
      'half of it was taken',
      { reads: 250_000, says: [finished('a.b', 50), summary(50)] },
      large,
      /before it had read the whole archive/,
    ],
    ['documents failed', { says: [summary(2, 5)] }, small, /5 documents failed to restore/],
    ['it says no total', { says: [finished('a.b', 3)] }, small, /without saying how many/],
    ['it says nothing', {}, small, /without saying how many/],
    [
      'the total is another',
      { says: [finished('a.b', 3), finished('a.none', 0), summary(2)] },
      small,
      /2 documents.*3/,
    ],
    [
      'a namespace has other documents',
      { says: [finished('a.b', 2), finished('a.none', 1), summary(3)] },
      small,
      /a\.b.*2.*3/,
    ],
    ['a namespace failed', { says: ['finished restoring `a.b` (3 documents, 1 failure)', summary(3)] }, small, /a\.b/],
    ['a namespace is missing', { says: [finished('a.b', 3), summary(3)] }, small, /a\.none/],
    ['a namespace is not of the archive', { says: [...goodWords, finished('a.z', 0)] }, small, /a\.z/],
  ])('when %s', async (_what, behaviour, namespaces, message) => {
    doubles().restore(behaviour);
    await expect(restore(archiveOf(namespaces))).rejects.toMatchObject({
      code: 'restore/failed',
      message: expect.stringMatching(message) as unknown,
      hint: expect.stringContaining('native') as unknown,
    });
  });

  it('when the archive was not whole, whatever the tool makes of it', async () => {
    doubles().restore({ says: goodWords });
    const whole = archiveOf(small);
    const end = whole.lastIndexOf(Buffer.from('EOF\0')) - 60;
    await expect(
      restore(whole.subarray(0, whole.lastIndexOf(Buffer.from([255, 255, 255, 255]), end) + 4)),
    ).rejects.toMatchObject({
      code: 'archive/missing-namespace-end',
    });
  });

  it('when documents were changed on the way', async () => {
    doubles().restore({ says: goodWords });
    const damaged = archiveOf(small);
    damaged[damaged.indexOf('xxxx') + 1] = 0x79;
    await expect(restore(damaged)).rejects.toMatchObject({ code: 'archive/crc-mismatch' });
  });
});
