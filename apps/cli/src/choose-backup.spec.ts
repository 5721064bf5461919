import { beforeEach, describe, expect, it } from '@jest/globals';
import { Readable } from 'node:stream';
import { newBackupId, systemClock, systemRandom } from '#contracts';
import { importEngine, runBackup } from '#pipeline';
import { createMemoryStore, type ObjectStore } from '#storage';
import { backupDeps, backupRequest, multiArchive, noAbort, putBackup } from '../../../test/support/backup-world.js';
import { chooseBackup } from './choose-backup.js';
import type { CliContext } from './context.js';

const hourMs = 3_600_000;
const hoursAgo = (hours: number) => new Date(Date.now() - hours * hourMs);
const several = { archive: multiArchive };

describe('the latest backup', () => {
  let store: ObjectStore;
  let warnings: string[];
  const latest = async (): Promise<string> => {
    const context = { clock: systemClock, signal: noAbort, warn: (text: string) => warnings.push(text) };
    return (await chooseBackup(store, { id: undefined, latest: true }, context as unknown as CliContext)).backupId;
  };
  beforeEach(() => {
    store = createMemoryStore();
    warnings = [];
  });

  it('may be a part that was made by hand: then the newest one of all is named', async () => {
    await putBackup(store, hoursAgo(30), {}, several);
    const whole = await putBackup(store, hoursAgo(20), {}, several);
    const part = await putBackup(store, hoursAgo(2), { trigger: 'cli' });
    expect(await latest()).toBe(part.backupId);
    expect(warnings).toEqual([
      `${part.backupId} holds a part alone (fx_clinic): the newest backup of all is ${whole.backupId}`,
    ]);
  });

  it('may leave something out: then it is told what was chosen', async () => {
    const whole = await putBackup(store, hoursAgo(20), {}, several);
    const part = await putBackup(store, hoursAgo(2), { trigger: 'cli', part: 'every database, patterns 0' }, several);
    expect(await latest()).toBe(part.backupId);
    expect(warnings).toEqual([
      `${part.backupId} holds a part alone (every database, patterns 0): the newest backup of all is ${whole.backupId}`,
    ]);
  });

  it('may be one of several choices, where there is none of all: then the newest of another one is named', async () => {
    const nightly = await putBackup(
      store,
      hoursAgo(20),
      { trigger: 'cli', part: 'every database, patterns 0' },
      several,
    );
    const part = await putBackup(store, hoursAgo(2), { trigger: 'cli', part: 'fx_clinic' });
    expect(await latest()).toBe(part.backupId);
    expect(warnings).toEqual([
      `${part.backupId} holds a part alone (fx_clinic): the newest one that holds something else is ${nightly.backupId}`,
    ]);
  });

  it('is no imported dump, unless there is nothing else', async () => {
    const dump = { stream: Readable.from([multiArchive]), name: 'dump', bytes: null, modifiedAt: null };
    const backupId = newBackupId('clinic-imported', hoursAgo(0), systemRandom);
    const request = backupRequest({ target: 'clinic-imported', trigger: 'cli', backupId });
    await runBackup({ ...backupDeps(store), engine: importEngine(dump) }, request, noAbort);
    expect(await latest()).toBe(backupId);
    const made = await putBackup(store, hoursAgo(20), {}, several);
    expect(await latest()).toBe(made.backupId);
    expect(warnings).toEqual([]);
  });

  it.each([
    [
      'one of all is newer',
      [
        ['cli', {}],
        ['schedule', several],
      ],
    ],
    [
      'every backup holds the same database',
      [
        ['schedule', {}],
        ['cli', {}],
      ],
    ],
  ] as const)('is taken without a word when %s', async (_name, made) => {
    for (const [at, [trigger, dumped]] of made.entries())
      await putBackup(store, hoursAgo(10 - at), { trigger }, dumped);
    await latest();
    expect(warnings).toEqual([]);
  });
});
