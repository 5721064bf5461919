import { execFileSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import { AppError } from '#contracts';
import { EnvironmentReader, type Environment } from './environment-reader.js';
import { readStore, type StoreConfig } from './store-config.js';
import { isDirect } from './store-way.js';

const bucket = { S3_BACKUP_BUCKET: 'b', S3_ENDPOINT: 'https://s3.example.org:9000' };
const files: Record<string, Buffer> = {};

function read(environment: Environment): StoreConfig {
  const reader = new EnvironmentReader(environment, (path) => {
    const found = files[path];
    if (found === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
    return found;
  });
  const store = readStore(reader, '/work');
  reader.finish();
  return store;
}

function problemOf(environment: Environment): string {
  try {
    read(environment);
  } catch (error) {
    if (error instanceof AppError && error.code === 'config/invalid') return error.message;
    throw error;
  }
  throw new Error('expected config/invalid');
}

describe('what guards a store', () => {
  it('is off by default', () => {
    const store = read(bucket);
    for (const name of ['objectLock', 'storageClass', 'quota', 'proxy', 'ca']) expect(store).not.toHaveProperty(name);
  });

  it('is a lock with a mode and days, a class, a quota', () => {
    expect(
      read({
        ...bucket,
        ...{ S3_OBJECT_LOCK_MODE: 'compliance', S3_OBJECT_LOCK_DAYS: '0.5', S3_STORAGE_CLASS: 'GLACIER_IR' },
        ...{ BACKUP_QUOTA_BYTES: '1000', BACKUP_QUOTA_POLICY: 'refuse' },
      }),
    ).toMatchObject({
      objectLock: { mode: 'compliance', days: 0.5 },
      storageClass: 'GLACIER_IR',
      quota: { bytes: 1000, policy: 'refuse' },
    });
    expect(read({ BACKUP_DIRECTORY: '/b', BACKUP_QUOTA_BYTES: '7' })).toEqual({
      ...{ kind: 'directory', directory: '/b', quota: { bytes: 7, policy: 'warn' } },
    });
  });

  it.each([
    [{ S3_OBJECT_LOCK_MODE: 'governance' }, 'needs S3_OBJECT_LOCK_DAYS'],
    [{ S3_OBJECT_LOCK_DAYS: '3' }, 'needs S3_OBJECT_LOCK_MODE'],
    [{ S3_OBJECT_LOCK_MODE: 'governance', S3_OBJECT_LOCK_DAYS: '0' }, 'must be above 0'],
    [{ S3_OBJECT_LOCK_MODE: 'forever', S3_OBJECT_LOCK_DAYS: '1' }, 'one of governance, compliance'],
    [{ S3_STORAGE_CLASS: 'COLD' }, 'S3_STORAGE_CLASS must be one of'],
    [{ BACKUP_QUOTA_POLICY: 'refuse' }, 'needs BACKUP_QUOTA_BYTES'],
    [{ S3_PROXY_URL: 'socks5://canary@h' }, 'S3_PROXY_URL must be a URL'],
    [{ HTTPS_PROXY: 'http://169.254.169.254:80' }, 'HTTPS_PROXY must not be a link-local'],
    [{ S3_CA_FILE: '/nowhere.pem' }, 'cannot be read (ENOENT)'],
    [{ S3_CA_FILE: '/empty.pem' }, 'holds no certificate'],
    [{ S3_CA_FILE: '/broken.pem' }, 'holds no certificate'],
  ])('%j is refused', (environment, text) => {
    files['/empty.pem'] = Buffer.from('nothing');
    files['/broken.pem'] = Buffer.from('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
    const message = problemOf({ ...bucket, ...environment });
    expect(message).toContain(text);
    expect(message).not.toContain('canary');
  });
});

describe('the way to a store', () => {
  const proxyOf = (environment: Environment): string | undefined => {
    const store = read({ ...bucket, ...environment });
    return store.kind === 's3' ? store.proxy?.reveal() : undefined;
  };

  it('goes through its own proxy, else through that of all https, but for those that it is not for', () => {
    const [own, all] = ['http://own:1', 'http://all:2'];
    expect(proxyOf({ HTTPS_PROXY: all })).toBe(all);
    expect(proxyOf({ HTTPS_PROXY: all, S3_PROXY_URL: own, NO_PROXY: '*' })).toBe(own);
    expect(proxyOf({ HTTPS_PROXY: all, NO_PROXY: 'other.org, .example.org' })).toBeUndefined();
    expect(proxyOf({ HTTPS_PROXY: all, S3_ENDPOINT: 'http://s3.example.org' })).toBeUndefined();
    expect(proxyOf({ HTTPS_PROXY: all, S3_ENDPOINT: '', NO_PROXY: 'amazonaws.com' })).toBeUndefined();
  });

  it.each([
    ['s3.example.org', true],
    ['example.org', true],
    ['*.example.org', true],
    ['example.org:9000', true],
    ['example.org:443', false],
    ['3.example.org', false],
    ['ple.org', false],
    ['', false],
    ['*', true],
  ])('NO_PROXY=%s', (list, direct) => {
    expect(isDirect(new URL('https://s3.example.org:9000'), list)).toBe(direct);
  });

  it.each([
    ['https://10.0.0.7', '10.0.0.7', true],
    ['https://10.0.0.7', '0.0.7', false],
    ['https://[fd00::7]:9000', 'fd00::7', true],
    ['https://[fd00::7]:9000', '[fd00::7]:9000', true],
  ])('%s with NO_PROXY=%s', (url, list, direct) => {
    expect(isDirect(new URL(url), list)).toBe(direct);
  });

  it('trusts the authorities of a file', () => {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', '/dev/null'];
    const pem = execFileSync('openssl', ['req', '-x509', ...key, '-subj', '/CN=Ours'], {
      ...{ encoding: 'utf8', stdio: 'pipe' },
    });
    files['/ca.pem'] = Buffer.from(`Ours:\n${pem}`);
    expect(read({ ...bucket, S3_CA_FILE: '/ca.pem' })).toMatchObject({ ca: pem.trim() });
  });
});
