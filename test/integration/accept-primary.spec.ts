import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { systemClock, systemRandom } from '#contracts';
import { acceptPrimary } from '../../apps/cli/src/commands/accept-primary.js';
import type { CliContext } from '../../apps/cli/src/context.js';
import { noAbort } from '../support/backup-world.js';
import { catalogWorld, completedBackup, newTarget, type CatalogWorld } from '../support/catalog-world.js';

let world: CatalogWorld;
const directory = mkdtempSync(join(tmpdir(), 'hazina-accepted-'));
beforeAll(async () => {
  world = await catalogWorld();
});
afterAll(async () => {
  rmSync(directory, { recursive: true });
  await world.close();
});

it('an empty store that takes the primary’s place gets its identity, and what is in it nowhere becomes missing: said which stands nowhere', async () => {
  const { catalog } = world;
  const now = new Date();
  await catalog.settings.bindStore('e'.repeat(32));
  const target = newTarget();
  const [kept, lost] = [await completedBackup(catalog, target), await completedBackup(catalog, newTarget())];
  await catalog.copies.plan({ destination: 'vault', targets: [target], ownRetention: false });
  const copy = await catalog.copies.claimNext('vault', 'w', now);
  const ref = { id: copy?.copyId ?? '', fence: copy?.claim.fence ?? 0 };
  await catalog.copies.copied(ref, { at: now, stamp: 'x', bytes: 4096, lockedUntil: null, verifyAt: null });
  const said: string[] = [];
  const context = {
    ...{ clock: systemClock, random: systemRandom, signal: noAbort, say: (text: string) => void said.push(text) },
    config: () => ({ store: { kind: 'directory', directory } }),
  } as unknown as CliContext;
  await acceptPrimary(catalog, context);
  expect(said).toEqual([
    expect.stringContaining('2 backups are missing in it: 1 stand in a destination') as unknown,
    `lost: ${lost}`,
  ]);
  for (const backupId of [kept, lost]) expect((await catalog.backups.find(backupId))?.status).toBe('missing');
  expect(readFileSync(join(directory, 'hazina.json'), 'utf8')).toContain('e'.repeat(32));

  // Said again by whoever was interrupted.
  await acceptPrimary(catalog, context);
  expect(said.slice(2)).toEqual(said.slice(0, 2));
});
