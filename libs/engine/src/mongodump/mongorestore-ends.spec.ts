import { describe, expect, it } from '@jest/globals';
import { Readable } from 'node:stream';
import { AppError } from '#contracts';
import { waitUntil } from '../../../../test/services/wait-until.js';
import {
  archiveOf,
  finished,
  goodWords,
  halfOf,
  large,
  restoreByDouble,
  small,
  summary,
} from '../../../../test/support/restore-by-double.js';
import type { LoadRequest } from '../engine.js';
import type { MongorestoreOptions } from './mongorestore.engine.js';

// How a mongorestore ends that does not end by itself, or not well.

const { doubles, restore } = restoreByDouble();

describe('failures', () => {
  it('its own words tell the cause', async () => {
    doubles().restore({ says: ['Failed: a.b: error: mongodb://user:canary-password@h/db refused'], exit: 1 });
    const error = await restore(archiveOf(small)).catch((thrown: unknown) => thrown as AppError);
    expect(error).toMatchObject({ code: 'restore/failed', stage: 'load', retry: 'no-retry' });
    expect((error as AppError).message).toMatch(/exit code 1.*refused/);
    expect((error as AppError).message).not.toContain('canary');
  });

  it('it ends early because of a failure: that is told, not the broken pipe', async () => {
    doubles().restore({ reads: 10, says: ['Failed: no rights'], exit: 1 });
    await expect(restore(archiveOf(large))).rejects.toMatchObject({
      code: 'restore/failed',
      message: expect.stringMatching(/no rights/) as unknown,
    });
  });

  it('it is killed, even when it has said everything', async () => {
    doubles().restore({ says: goodWords, exit: 'SIGKILL' });
    await expect(restore(archiveOf(small))).rejects.toMatchObject({ code: 'engine/killed', stage: 'load' });
  });

  it.each([
    ['of ours', new AppError({ code: 'container/corrupt', stage: 'open', message: 'as told' })],
    ['of the system', Object.assign(new Error('as told'), { code: 'EIO' })],
  ])('the error of the source %s is the error of the load', async (_whose, cause) => {
    doubles().restore({ exit: 'hangs' });
    const source = halfOf(archiveOf(large));
    const loading = restore(source);
    loading.catch(() => undefined);
    await waitUntil(() => doubles().wasStarted, { what: 'the tool runs' });
    source.destroy(cause);
    await expect(loading).rejects.toBe(cause);
  });

  it('a source that is destroyed without an error is no end', async () => {
    doubles().restore({ says: goodWords });
    const source = halfOf(archiveOf(large));
    const loading = restore(source);
    loading.catch(() => undefined);
    await waitUntil(() => doubles().wasStarted, { what: 'the tool runs' });
    source.destroy();
    await expect(loading).rejects.toThrow();
  });

  it('the source fails while the tool takes nothing', async () => {
    const cause = new Error('as told');
    doubles().restore({ reads: 0, exit: 'hangs' });
    const source = Readable.from([archiveOf(large)]);
    const loading = restore(source);
    loading.catch(() => undefined);
    await waitUntil(() => doubles().hasSaid, { what: 'the tool runs' });
    source.destroy(cause);
    await expect(loading).rejects.toBe(cause);
  });

  it('a tool that cannot be started leaves no private file behind, and the source closed', async () => {
    doubles().restore({ vanishes: true });
    const source = Readable.from([archiveOf(small)]);
    await expect(restore(source)).rejects.toMatchObject({
      code: expect.stringMatching(/^engine\//) as unknown,
      hint: expect.stringContaining('native') as unknown,
    });
    expect(source.destroyed).toBe(true);
  });
});

describe('an abort', () => {
  it.each([
    ['before the tool has read', { reads: 0, exit: 'hangs' }],
    ['after the whole input was fed', { says: [finished('a.b', 3)], exit: 'hangs' }],
    ['of a tool that ignores SIGTERM', { says: [finished('a.b', 3)], exit: 'ignores-term' }],
  ] as const)('%s: ends it, group and all, within seconds', async (_when, behaviour) => {
    doubles().restore({ ...behaviour, spawns: true });
    const abort = new AbortController();
    const loading = restore(archiveOf('reads' in behaviour ? large : small), {}, {}, abort.signal);
    loading.catch(() => undefined);
    await waitUntil(() => doubles().hasSaid, { what: 'the tool has said its words' });
    const since = performance.now();
    abort.abort();
    await expect(loading).rejects.toMatchObject({ code: 'run/cancelled' });
    expect(performance.now() - since).toBeLessThan(5_000);
  });

  it('while a source that does not end has not even given its prelude: nothing is started', async () => {
    doubles().restore({ says: goodWords });
    const abort = new AbortController();
    const asked = Promise.withResolvers<undefined>();
    const silent = async function* (): AsyncGenerator<Buffer> {
      yield archiveOf(small).subarray(0, 16);
      asked.resolve(undefined);
      await new Promise(() => undefined);
    };
    const loading = restore(Readable.from(silent(), { objectMode: false }), {}, {}, abort.signal);
    loading.catch(() => undefined);
    await asked.promise;
    abort.abort();
    await expect(loading).rejects.toMatchObject({ code: 'run/cancelled' });
    expect(doubles().wasStarted).toBe(false);
  });

  it('before anything: nothing is started', async () => {
    doubles().restore({ says: goodWords });
    await expect(restore(archiveOf(small), {}, {}, AbortSignal.abort())).rejects.toMatchObject({
      code: 'run/cancelled',
    });
    expect(doubles().wasStarted).toBe(false);
  });
});

describe('a stall', () => {
  const stalled = { code: 'engine/stalled', stage: 'load', hint: expect.any(String) as unknown };

  it.each([
    ['that takes no input', { reads: 0, exit: 'hangs' }],
    ['that says the same over and over', { exit: 'hangs', repeats: 'a.b\t1.2MB' }],
    ['that ignores SIGTERM', { exit: 'ignores-term' }],
  ] as const)('of a tool %s: it is ended', async (_what, behaviour) => {
    doubles().restore({ ...behaviour, spawns: true });
    await expect(restore(archiveOf(large), {}, { stallMs: 500 })).rejects.toMatchObject(stalled);
  });

  it('of the source is none of the tool', async () => {
    doubles().restore({ says: [finished('a.b', 50), summary(50)] });
    const archive = archiveOf(large);
    const source = halfOf(archive);
    const loading = restore(source, {}, { stallMs: 300 });
    loading.catch(() => undefined);
    await waitUntil(() => doubles().wasStarted, { what: 'the tool runs' });
    const since = performance.now();
    await waitUntil(() => performance.now() - since > 900, { what: 'three times the limit' });
    source.push(archive.subarray(archive.length >> 1));
    source.push(null);
    await expect(loading).resolves.toMatchObject({ outcome: 'restored' });
  });

  it('is another thing while indexes are built, which takes long and says nothing', async () => {
    const words = [finished('a.b', 3), finished('a.none', 0), 'restoring indexes for collection `a.b` from metadata'];
    doubles().restore({ says: words, exit: 'hangs' });
    const loading = restore(archiveOf(small), {}, { stallMs: 3_000, indexStallMs: 4_000 });
    loading.catch(() => undefined);
    await waitUntil(() => doubles().hasSaid, { what: 'its words' });
    const since = performance.now();
    await expect(loading).rejects.toMatchObject(stalled);
    expect(performance.now() - since).toBeGreaterThan(3_500);
  });
});

describe('beside the tool', () => {
  it('the target is checked once more before it is written to', async () => {
    doubles().restore({ says: goodWords });
    const refusal = new AppError({ code: 'target/not-empty', stage: 'plan', message: 'as told' });
    const plan: MongorestoreOptions['plan'] = (_request, { namespaces }) =>
      Promise.reject(namespaces.length === 2 ? refusal : new Error('not the contents of the archive'));
    await expect(restore(archiveOf(small), {}, { plan })).rejects.toBe(refusal);
    expect(doubles().wasStarted).toBe(false);
  });

  it('what it cannot do is refused: keep the last of several documents', async () => {
    doubles().restore({ says: goodWords });
    await expect(restore(archiveOf(small), { onConflict: 'keep-last' })).rejects.toMatchObject({
      code: 'engine/unsupported',
    });
    expect(doubles().wasStarted).toBe(false);
  });

  it('what the server did not keep is a warning, with `strict` a difference, and what is missing always one', async () => {
    doubles().restore({ says: goodWords });
    const readBack: MongorestoreOptions['readBack'] = (_uri, entries) =>
      Promise.resolve(
        new Map(
          entries.map((entry, at) => [entry, { indexes: 7, notKept: ['validator'], missing: at === 1 ? ['it'] : [] }]),
        ),
      );
    const lax = await restore(archiveOf(small), {}, { readBack });
    expect(lax.outcome).toBe('restored-with-differences');
    expect(lax.namespaces.map(({ indexes, differences }) => [indexes, differences.length])).toEqual([
      [7, 0],
      [7, 1],
    ]);
    expect(lax.warnings.join('\n')).toMatch(/a\.b: the server did not keep: validator/);
    const strict = await restore(archiveOf(small), { strict: true }, { readBack });
    expect(strict.namespaces.map(({ differences }) => differences.length)).toEqual([1, 2]);
  });

  it('a target that cannot be read back is a warning, with `strict` an error', async () => {
    doubles().restore({ says: goodWords });
    const { warnings } = await restore(archiveOf(small));
    expect(warnings.join('\n')).toMatch(/not read back \(not asked\)/);
    await expect(restore(archiveOf(small), { strict: true })).rejects.toThrow('not asked');
  });

  it('tells how far it is', async () => {
    doubles().restore({ begins: ['connected'], exit: 'hangs' });
    const told: number[] = [];
    const onProgress: LoadRequest['onProgress'] = ({ documents: count }) => told.push(count);
    const abort = new AbortController();
    const loading = restore(archiveOf(large), { onProgress }, {}, abort.signal);
    loading.catch(() => undefined);
    await waitUntil(() => told.at(-1) === 50, { what: 'all documents are told' });
    abort.abort();
    await expect(loading).rejects.toMatchObject({ code: 'run/cancelled' });
  });
});
