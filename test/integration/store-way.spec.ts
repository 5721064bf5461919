import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Secret } from '#contracts';
import { runVerify, silentObserver } from '#pipeline';
import { PlacedStore } from '#storage';
import { services } from '../services/services.js';
import { noAbort, putBackup, testRing } from '../support/backup-world.js';
import { startConnectProxy, type ConnectProxy } from '../support/connect-proxy.js';
import { makeAuthority, startTlsFront, type TlsFront } from '../support/private-authority.js';
import { s3World, type S3World } from '../support/s3-world.js';

// The way to a store (a private authority, a proxy), and the classes that objects lie in.

const ours = makeAuthority('Ours');
const theirs = makeAuthority('Theirs');
let world: S3World;
let front: TlsFront;
let proxy: ConnectProxy;

beforeAll(async () => {
  world = await s3World();
  front = await startTlsFront(services().s3.endpoint, ours);
  proxy = await startConnectProxy('hazina', 'p@ss:word');
});
afterAll(async () => {
  await world.close();
  await front.close();
  await proxy.close();
});

describe('a store behind a private authority', () => {
  it.each([
    ['without its certificate', undefined],
    ['with the certificate of another', theirs.ca],
  ])('is refused by name %s, and is sent nothing', async (_, ca) => {
    const store = await world.open({ endpoint: front.endpoint, ...(ca === undefined ? {} : { ca }) });
    await expect(store.putBytes('clinic/x', Buffer.from('x'))).rejects.toMatchObject({
      ...{ code: 'store/untrusted', retry: 'no-retry' },
      hint: expect.stringContaining('S3_CA_FILE'),
    });
    expect(await world.direct.head('clinic/x')).toBeNull();
  });

  it('is trusted with it', async () => {
    const store = await world.open({ endpoint: front.endpoint, ca: ours.ca });
    await store.putBytes('clinic/trusted', Buffer.from('x'));
    expect((await world.direct.getBytes('clinic/trusted', 10)).bytes.toString()).toBe('x');
  });
});

describe('a store behind a proxy', () => {
  it('is reached through it, sealed to its end', async () => {
    const way = { endpoint: front.endpoint, ca: ours.ca, proxy: new Secret(proxy.url) };
    const store = await world.open(way);
    const chunks = Array.from({ length: 12 }, (__, at) => Buffer.alloc(1024 * 1024, at));
    await store.put('clinic/far', Readable.from(chunks, { objectMode: false }), {});
    expect((await world.direct.head('clinic/far'))?.bytes).toBe(12 * 1024 * 1024);
    expect(new Set(proxy.tunnels)).toEqual(new Set([new URL(front.endpoint).host]));
  });

  it('wrong credentials of the proxy are refused as such, and not shown', async () => {
    const url = proxy.url.replace('p%40ss%3Aword', 'canary');
    const store = await world.open({ endpoint: front.endpoint, ca: ours.ca, proxy: new Secret(url) });
    const error: unknown = await store.head('clinic/x').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'store/refused', hint: expect.stringContaining('proxy') });
    expect(JSON.stringify(error) + String(error)).not.toContain('canary');
  });

  it('is no way to where clouds keep credentials', async () => {
    const before = proxy.tunnels.length;
    const store = await world.open({ endpoint: 'http://169.254.169.254', proxy: new Secret(proxy.url) });
    await expect(store.head('clinic/x')).rejects.toMatchObject({ code: 'store/refused' });
    expect(proxy.tunnels).toHaveLength(before);
  });
});

describe('storage classes', () => {
  it('are asked for the data alone', async () => {
    const store = await world.open({ storageClass: 'GLACIER_IR' });
    await putBackup(store, new Date());
    const cheap = new PlacedStore(store, (target) =>
      target === 'clinic' ? undefined : { storageClass: 'STANDARD_IA' },
    );
    const body = () => Readable.from([Buffer.from('x')], { objectMode: false });
    for (const bulk of [true, false]) await cheap.put(`shop/${String(bulk)}/data.hzn`, body(), { bulk });
    const placed = world.proxy.requests.filter(({ key }) => key.includes('shop/'));
    expect(placed.map(({ storageClass }) => storageClass)).toEqual(['STANDARD_IA', undefined]);
    await cheap.delete('shop/true/data.hzn');
    await cheap.delete('shop/false/data.hzn');
    const classes = world.proxy.requests
      .filter(({ operation, key }) => operation === 'PutObject' && key.includes('clinic/'))
      .map(({ key, storageClass }) => [key.split('/').at(-1), storageClass]);
    expect(classes.filter(([, storageClass]) => storageClass !== undefined)).toEqual([['data.hzn', 'GLACIER_IR']]);
    expect(classes.map(([name]) => name)).toEqual(
      expect.arrayContaining(['manifest.hzn', 'backup.json', 'lease.json']),
    );
  });

  it.each([
    ['GLACIER', undefined, 'lies in GLACIER', '3 to 5 hours', false],
    ['DEEP_ARCHIVE', 'ongoing-request="true"', 'is being brought back from DEEP_ARCHIVE', 'try again', true],
  ])(
    'a read of what lies in %s says what bringing it back takes',
    async (storageClass, restore, text, hint, isComing) => {
      const store = await world.open();
      const { backupId } = await putBackup(store, new Date());
      const key = /data\.hzn$/;
      const headers = {
        'x-amz-storage-class': storageClass,
        ...(restore === undefined ? {} : { 'x-amz-restore': restore }),
      };
      const head = world.proxy.on({ kind: 'headers', headers }, { operation: 'HeadObject', key });
      const get = world.proxy.on(
        { kind: 'reply', status: 403, code: 'InvalidObjectState' },
        { operation: 'GetObject', key },
      );
      expect((await store.head(`clinic/${backupId}/1/data.hzn`))?.cold).toEqual({ storageClass, isComing });
      const verify = () =>
        runVerify({ store, ring: testRing, observer: silentObserver }, { backupId, level: 'readable' }, noAbort);
      await expect(verify()).rejects.toMatchObject({
        ...{ code: 'store/cold', message: expect.stringContaining(text), hint: expect.stringContaining(hint) },
      });
      head.end();
      get.end();
      await verify();
    },
  );

  it('what was brought back can be read', async () => {
    const store = await world.open();
    await store.putBytes('clinic/back', Buffer.from('x'));
    const headers = {
      'x-amz-storage-class': 'GLACIER',
      'x-amz-restore': 'ongoing-request="false", expiry-date="Fri, 23 Dec 2026 00:00:00 GMT"',
    };
    const rule = world.proxy.on({ kind: 'headers', headers }, { operation: 'HeadObject' });
    expect((await store.head('clinic/back'))?.cold).toBeUndefined();
    rule.end();
  });
});
