import { expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheRoot } from './cache.js';
import { describeError, withoutCredentials } from './service-error.js';
import { startServices } from './start-services.js';

const quiet = () => undefined;

it('fails with every variable that names a server which does not answer, without a password', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hazina-given-'));
  const env = {
    HAZINA_CACHE_DIR: folder,
    TEST_MONGODB_URI: 'mongodb://user:pass-word@127.0.0.1:1/',
    TEST_REDIS_URL: 'redis://:pass-word@127.0.0.1:1',
    TEST_S3_ENDPOINT: 'http://127.0.0.1:1',
    TEST_S3_ACCESS_KEY_ID: 'id',
  };
  const error: unknown = await startServices({ which: ['mongodb', 'redis', 's3'], env, log: quiet }).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  const text = describeError(error);
  expect(text).toContain('TEST_MONGODB_URI is set, but mongodb://***@127.0.0.1:1/ does not answer');
  expect(text).toContain('TEST_REDIS_URL is set, but redis://***@127.0.0.1:1 does not answer');
  expect(text).toContain('TEST_S3_ENDPOINT is set, but TEST_S3_SECRET_ACCESS_KEY is not');
  expect(text).not.toContain('pass-word');
  rmSync(folder, { recursive: true });
});

it.each([
  ['mongodb://u:p@h/db', 'mongodb://***@h/db'],
  ['mongodb://u:p/@x@h/db', 'mongodb://***@h/db'],
  ['mongodb://h/db', 'mongodb://h/db'],
])('shows %s as %s', (uri, shown) => {
  expect(withoutCredentials(uri)).toBe(shown);
});

it('keeps its cache outside the work tree', () => {
  expect(cacheRoot({ HAZINA_CACHE_DIR: '/a', XDG_CACHE_HOME: '/b' })).toBe('/a');
  expect(cacheRoot({ HAZINA_CACHE_DIR: '', XDG_CACHE_HOME: '/b' })).toBe('/b/hazina');
  expect(cacheRoot({ XDG_CACHE_HOME: 'relative' })).toMatch(/\/\.cache\/hazina$/);
});
