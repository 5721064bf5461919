import { describe, expect, it } from '@jest/globals';
import type { Catalog } from '#catalog';
import { AppError } from '#contracts';
import { CatalogLink } from './catalog-link.js';

const down = new AppError({ code: 'catalog/unavailable', stage: 'catalog', message: 'down', retry: 'retry' });
const ids = ['clinic'];
const real = {
  backups: { targets: () => Promise.resolve(ids) },
  ping: () => Promise.resolve(),
  close: () => Promise.resolve(),
} as unknown as Catalog;

describe('the link to the catalogue', () => {
  it('says that it is away until it can be opened, and works from then on', async () => {
    const outcomes: (Catalog | AppError)[] = [down, down, real];
    let attempts = 0;
    const link = new CatalogLink(() => {
      attempts += 1;
      const outcome = outcomes.shift();
      return outcome instanceof AppError || outcome === undefined
        ? Promise.reject(outcome ?? down)
        : Promise.resolve(outcome);
    });
    await expect(link.catalog.backups.targets()).rejects.toBe(down);
    await expect(link.catalog.ping(1)).rejects.toBe(down);
    expect(link.opened).toBe(false);
    expect(await link.catalog.backups.targets()).toBe(ids);
    expect(link.opened).toBe(true);
    expect(await link.catalog.backups.targets()).toBe(ids);
    expect(attempts).toBe(3);
  });

  it('makes one attempt for all who wait', async () => {
    let attempts = 0;
    const link = new CatalogLink(() => {
      attempts += 1;
      return Promise.resolve(real);
    });
    await Promise.all([link.catalog.backups.targets(), link.catalog.backups.targets(), link.catalog.ping(1)]);
    expect(attempts).toBe(1);
  });

  it('opens nothing after it was closed', async () => {
    const link = new CatalogLink(() => Promise.resolve(real));
    await link.close();
    await expect(link.catalog.ping(1)).rejects.toMatchObject({ code: 'catalog/unavailable' });
  });
});
