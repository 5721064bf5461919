import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BackupJson, CleanupResult } from '#contracts';
import { createStore } from '#storage';
import { putBackup } from '../support/backup-world.js';
import { CliWorld, type Environment } from '../support/cli-world.js';
import { hazina } from '../support/run-hazina.js';

const dayMs = 86_400_000;

describe('upkeep by hand, with the store alone', () => {
  let world: CliWorld;
  let environment: Environment;
  let backups: BackupJson[];

  /** Backups of these ages in days. */
  const fill = async (...ages: number[]): Promise<void> => {
    const store = await createStore({ kind: 'directory', directory: join(world.folder, 'store') });
    for (const age of ages) backups.push(await putBackup(store, new Date(Date.now() - age * dayMs)));
    await store.close();
  };
  const idOf = (at: number): string => backups[at]?.backupId ?? '';
  const cleanup = async (args: readonly string[] = [], more: Environment = {}) => {
    const run = await hazina(['cleanup', '--json', ...args], { ...environment, ...more });
    return { code: run.code, stderr: run.stderr, result: JSON.parse(run.stdout) as CleanupResult };
  };
  const removals = ({ decisions }: CleanupResult) =>
    decisions.filter(({ decision }) => decision === 'remove').map(({ backupId }) => backupId);

  beforeEach(() => {
    world = new CliWorld();
    const { BACKUP_ENCRYPTION_KEY: _key, MONGODB_URI: _source, ...rest } = world.environment;
    environment = rest;
    backups = [];
  });
  afterEach(() => world.close());

  it('cleanup: the dry run is what the run does, and a pin keeps', async () => {
    await fill(0, 1, 2, 40, 41);
    const pinned = await hazina(['pin', idOf(3), '--json'], environment);
    expect({ code: pinned.code, reply: JSON.parse(pinned.stdout) as unknown }).toEqual({
      ...{ code: 0, reply: { backupId: idOf(3), pinned: true, label: null } },
    });
    const dry = await cleanup(['--dry-run']);
    expect({ code: dry.code, removals: removals(dry.result) }).toEqual({ code: 0, removals: [idOf(4)] });
    expect(dry.result.decisions.find(({ backupId }) => backupId === idOf(3))?.reasons).toEqual(['pinned']);
    const run = await cleanup();
    expect(run.result).toMatchObject({ removed: 1, dryRun: false });
    expect(world.storedFiles().some((file) => file.includes(idOf(4)))).toBe(false);
    expect((await cleanup()).result).toMatchObject({ removed: 0 });
    expect((await hazina(['unpin', idOf(3)], environment)).stdout).toContain('not pinned');
    expect((await cleanup(['--target', 'clinic'])).result).toMatchObject({ removed: 1 });
    expect((await cleanup(['--target', 'shop'])).result).toMatchObject({ decisions: [] });
  }, 120_000);

  it('over half is refused with exit code 16 until its number is confirmed; what no key proves stays', async () => {
    await fill(0, 1, 2, 40, 41, 42, 43);
    const refused = await cleanup();
    expect({ code: refused.code, removed: refused.result.removed }).toEqual({ code: 16, removed: 0 });
    expect(refused.stderr).toContain('confirm');
    // Another key than theirs: nothing proves their dates.
    const unproven = await cleanup(['--confirm', '4'], { BACKUP_ENCRYPTION_KEY: world.key });
    expect({ code: unproven.code, removed: unproven.result.removed }).toEqual({ code: 0, removed: 0 });
    expect((await cleanup(['--confirm', '3'])).code).toBe(16);
    expect(await cleanup(['--confirm', '4'])).toMatchObject({ code: 0, result: { removed: 4 } });
    expect((await hazina(['cleanup', '--confirm', 'all'], environment)).code).toBe(2);
  }, 120_000);

  it('a target that alone would lose over half is refused with exit code 16, and the other goes on', async () => {
    await fill(0, 1, 2, 3, 4, 40);
    const file = join(world.folder, 'targets.yaml');
    const lines = [
      'targets:',
      '  - name: clinic',
      '    uriVariable: CLINIC_URI',
      '  - name: shop',
      '    uriVariable: SHOP_URI',
    ];
    writeFileSync(file, [...lines, '    retentionDays: 1', '    minKeep: 1', ''].join('\n'));
    const store = await createStore({ kind: 'directory', directory: join(world.folder, 'store') });
    for (const age of [0, 5, 6]) await putBackup(store, new Date(Date.now() - age * dayMs), { target: 'shop' });
    await store.close();
    const more = { BACKUP_TARGETS_FILE: file };

    const dry = await cleanup(['--dry-run'], more);
    expect({ code: dry.code, removals: removals(dry.result) }).toEqual({ code: 16, removals: [idOf(5)] });
    expect(dry.stderr).toContain('of the target shop 2 of 3 would go, which is over half: confirm the number 3');
    const run = await cleanup([], more);
    expect({ code: run.code, removals: removals(run.result) }).toEqual({ code: 16, removals: [idOf(5)] });
    expect(run.result.removed).toBe(1);
    expect(run.stderr).toContain('confirm the number 2');
    const confirmed = await cleanup(['--confirm', '2'], more);
    expect({ code: confirmed.code, removed: confirmed.result.removed }).toEqual({ code: 0, removed: 2 });
  }, 120_000);

  it('a part that was chosen by hand takes no place of a backup of all', async () => {
    await world.client.db(world.database).collection('people').insertOne({ name: 'Ada' });
    await world.client.db(world.database).collection('log').insertOne({ at: 1 });
    const exclude = [`${world.database}.log`];
    const all = { ...world.environment, BACKUP_RETENTION_DAYS: '0', BACKUP_KEEP_LAST: '1', BACKUP_MIN_KEEP: '1' };
    const whole = await world.backup(all);
    expect(whole['part']).toBeUndefined();
    const part = await world.backup(all, '--exclude', ...exclude);
    const name = new RegExp(`^${world.database}, patterns [0-9a-f]{16}$`);
    expect(part).toMatchObject({ part: expect.stringMatching(name), totals: { collections: 1 } });
    // The sealed manifest says the same, or it would not be believed.
    expect((await hazina(['verify', part.backupId, '--level', 'readable'], all)).code).toBe(0);
    const shown = await hazina(['show', part.backupId], all);
    expect(shown.stdout).toMatch(/part +e2e.*, patterns [0-9a-f]{16}, chosen by hand\n/);
    expect(removals((await cleanup(['--dry-run'], all)).result)).toEqual([]);
    const newer = await world.backup(all);
    const { result } = await cleanup(['--confirm', '1'], all);
    expect(removals(result)).toEqual([whole.backupId]);
    expect((await hazina(['list', '--json'], all)).stdout).toContain(newer.backupId);
  }, 120_000);

  it('a label stands in the store; what is no backup cannot be marked', async () => {
    await fill(0);
    const run = await hazina(['label', idOf(0), 'before the upgrade', '--json'], environment);
    expect(JSON.parse(run.stdout)).toEqual({ backupId: idOf(0), pinned: false, label: 'before the upgrade' });
    expect((await hazina(['label', idOf(0), ''], environment)).stdout).toContain('label: none');
    const unknown = await world.failing(['pin', 'clinic-20200101T000000Z-aaaaaa'], environment);
    expect(unknown).toMatchObject({ code: 'backup/not-found', exitCode: 2 });
  }, 120_000);
});
