import { afterEach, describe, expect, it } from '@jest/globals';
import { Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { MongoClient } from 'mongodb';
import { CATALOG, CatalogModule, openCatalog, type Catalog, type CatalogOptions } from '#catalog';
import { AppError, Secret, systemClock, systemRandom } from '#contracts';
import { services, startAuthenticatedMongodb, uniqueDatabase } from '../services/services.js';
import { catalogUri, manualBackup } from '../support/catalog-world.js';
import { dumpAndRead, dumpRequest } from '../support/native-dump.js';
import { startTcpProxy } from '../support/tcp-proxy.js';

// Opening the catalogue: indexes, marker, and what is said when the server is away, hangs or refuses.

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
}, 30_000);

async function newDatabase(): Promise<{ name: string; client: MongoClient }> {
  const name = uniqueDatabase('catalog');
  const client = await MongoClient.connect(services().mongodbUri);
  cleanUps.push(async () => {
    await client.db(name).dropDatabase();
    await client.close();
  });
  return { name, client };
}

function optionsFor(uri: string, more: Partial<CatalogOptions> = {}): CatalogOptions {
  return { uri: new Secret(uri), clock: systemClock, random: systemRandom, serverSelectionTimeoutMs: 2000, ...more };
}

async function open(uri: string, more: Partial<CatalogOptions> = {}): Promise<Catalog> {
  const catalog = await openCatalog(optionsFor(uri, more));
  cleanUps.push(() => catalog.close());
  return catalog;
}

async function failure(work: Promise<unknown>): Promise<AppError> {
  const outcome: unknown = await work.then(
    () => 'it succeeded',
    (error: unknown) => error,
  );
  if (outcome instanceof AppError) return outcome;
  throw new Error(`no AppError: ${String(outcome)}`);
}

describe('opening', () => {
  it('any number of processes at once on an empty database; all indexes are there, and dumps leave it out', async () => {
    const { name, client } = await newDatabase();
    await Promise.all(Array.from({ length: 5 }, () => open(catalogUri(name))));
    const indexes = await client.db(name).collection('backups').indexes();
    const unique = indexes.filter((index) => index.unique === true).map((index) => Object.keys(index.key));
    expect(unique).toEqual(expect.arrayContaining([['backupId'], ['running'], ['target', 'slot']]));
    expect(indexes.length).toBeLessThanOrEqual(24);
    expect(await client.db(name).collection('_hazina_catalog').find().toArray()).toMatchObject([{ _id: 'marker' }]);
    const refused = await failure(dumpAndRead(dumpRequest({ databases: [name] })));
    expect(refused.message).toContain('it is the catalogue of Hazina');
  }, 60_000);

  it('says which index cannot be made, when records are there twice', async () => {
    const { name, client } = await newDatabase();
    await client
      .db(name)
      .collection('backups')
      .insertMany([{ backupId: 'a' }, { backupId: 'a' }]);
    const error = await failure(open(catalogUri(name)));
    expect(error).toMatchObject({ code: 'catalog/refused', retry: 'no-retry' });
    expect(error.message).toContain('the indexes of backups');
  }, 30_000);

  it('is unavailable where nothing listens, within its time', async () => {
    const began = performance.now();
    const error = await failure(open('mongodb://root:hunter2@127.0.0.1:1/x', { serverSelectionTimeoutMs: 300 }));
    expect(error).toMatchObject({ code: 'catalog/unavailable', retry: 'retry' });
    expect(performance.now() - began).toBeLessThan(3000);
    expect(JSON.stringify([error.message, error.hint, error.details, error.stack])).not.toContain('hunter2');
  });

  it.each(['http://root:hunter2@h/x', 'mongodb://root:hun:ter2@/x?bad', 'mongodb://h/x?tls=hunter2', 'hunter2'])(
    'does not quote %s, which is no URI',
    async (uri) => {
      const error = await failure(open(uri, { serverSelectionTimeoutMs: 300 }));
      expect(error).toMatchObject({ code: 'config/invalid' });
      expect(JSON.stringify([error.message, error.hint, error.details, error.stack])).not.toMatch(/hunter2|hun:ter2/);
    },
  );

  it('is refused with a wrong password', async () => {
    if (services().mongodbKind === 'external') return;
    const server = await startAuthenticatedMongodb();
    cleanUps.push(() => server.stop());
    const error = await failure(open(server.uri.replace(server.password, 'hunter2-wrong')));
    expect(error).toMatchObject({ code: 'catalog/refused', retry: 'no-retry' });
    expect(JSON.stringify([error.message, error.details])).not.toContain('hunter2');
  }, 60_000);
});

describe('a server that goes away', () => {
  it.each(['cut', 'silence'] as const)(
    '%s: calls end as unavailable within their time',
    async (what) => {
      const { name } = await newDatabase();
      const proxy = await startTcpProxy(catalogUri(name));
      cleanUps.push(() => proxy.close());
      const uri = new URL(proxy.uri);
      uri.pathname = `/${name}`;
      const catalog = await open(uri.href, { serverSelectionTimeoutMs: 500, operationTimeoutMs: 1500 });
      await catalog.ping(2000);
      proxy[what]();
      const began = performance.now();
      const errors = await Promise.all([
        failure(catalog.backups.find('x')),
        failure(catalog.backups.insert(manualBackup('clinic'))),
        failure(catalog.ping(800)),
      ]);
      expect(performance.now() - began).toBeLessThan(6000);
      for (const error of errors) expect(error).toMatchObject({ code: 'catalog/unavailable', retry: 'retry' });
    },
    30_000,
  );
});

describe('the Nest module', () => {
  it('gives the catalogue to who injects it, and closes it at shutdown', async () => {
    const { name } = await newDatabase();
    const SETTINGS = Symbol('SETTINGS');
    @Module({ providers: [{ provide: SETTINGS, useValue: catalogUri(name) }], exports: [SETTINGS] })
    class SettingsModule {}
    const catalogModule = CatalogModule.forRootAsync({
      imports: [SettingsModule],
      inject: [SETTINGS],
      useFactory: (uri: string) => optionsFor(uri),
    });
    const app = await Test.createTestingModule({ imports: [catalogModule] }).compile();
    await app.init();
    const catalog = app.get<Catalog>(CATALOG, { strict: false });
    expect(await catalog.backups.insert(manualBackup('clinic'))).toMatchObject({ outcome: 'inserted' });
    await app.close();
    expect(await failure(catalog.ping(1000))).toMatchObject({ code: 'catalog/unavailable' });
  }, 30_000);

  it('does not start without the server, and says so as we do', async () => {
    const catalogModule = CatalogModule.forRootAsync({
      useFactory: () => optionsFor('mongodb://root:hunter2@127.0.0.1:1/x', { serverSelectionTimeoutMs: 300 }),
    });
    const error = await failure(Test.createTestingModule({ imports: [catalogModule] }).compile());
    expect(error).toMatchObject({ code: 'catalog/unavailable' });
    expect(error.message).not.toContain('hunter2');
  });
});
