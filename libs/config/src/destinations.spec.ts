import { describe, expect, it } from '@jest/globals';
import { AppError } from '#contracts';
import { loadDestinationSetup } from './destination-setup.js';

const target = { name: 'clinic', uriVariable: 'CLINIC_URI' };

function load(file: object, more: Readonly<Record<string, string>> = {}) {
  return loadDestinationSetup({
    environment: {
      ...{ BACKUP_TARGETS_FILE: '/t.yaml', S3_BACKUP_BUCKET: 'primary', AWS_REGION: 'eu-north-1' },
      ...{ AWS_ACCESS_KEY_ID: 'primary-id', AWS_SECRET_ACCESS_KEY: 'primary-secret' },
      ...more,
    },
    readFile: (path) => Buffer.from(path === '/secret' ? 'from-a-file\n' : JSON.stringify(file)),
    workingDirectory: '/work',
  });
}

function problemOf(file: object, more?: Readonly<Record<string, string>>): string {
  try {
    load(file, more);
  } catch (error) {
    return error instanceof AppError ? error.message : 'another error';
  }
  return 'none';
}

describe('destinations', () => {
  const file = {
    destinations: {
      offsite: {
        ...{ kind: 's3', bucket: 'copies', prefix: '/hazina', endpoint: 'https://s3.example.org', verify: 'off' },
        ...{ accessKeyIdVariable: 'OFFSITE_ID', secretAccessKeyVariable: 'OFFSITE_SECRET' },
        retention: { retentionDays: 365, keepMonthly: 12 },
        ...{ quotaBytes: 5_000_000_000_000, quotaPolicy: 'refuse', throttleBytesPerSecond: 2_000_000 },
        objectLock: { mode: 'compliance', days: 30 },
      },
      near: { kind: 's3', bucket: 'near', region: 'eu-west-1', verify: 'readable' },
      vault: { kind: 'directory', directory: 'vault' },
    },
    targets: [target, { name: 'shop', uriVariable: 'SHOP_URI', replicas: ['vault', 'offsite'] }],
  };
  const credentials = { OFFSITE_ID: 'own-id', OFFSITE_SECRET_FILE: '/secret' };

  it('come in the order of the file, each with its own place, credentials and retention', () => {
    const { destinations, replicasOf } = load(file, credentials);
    expect(destinations.map(({ name }) => name)).toEqual(['offsite', 'near', 'vault']);
    const [offsite, near, vault] = destinations;
    expect(offsite).toMatchObject({
      verify: null,
      retention: { retentionDays: 365, keepMonthly: 12, minKeep: 3 },
      store: { kind: 's3', bucket: 'copies', prefix: 'hazina/', endpoint: 'https://s3.example.org', sse: 'none' },
      quota: { bytes: 5_000_000_000_000, policy: 'refuse' },
      credentialVariables: { AWS_ACCESS_KEY_ID: 'OFFSITE_ID', AWS_SECRET_ACCESS_KEY: 'OFFSITE_SECRET' },
    });
    for (const other of [near, vault]) expect(other).not.toHaveProperty('credentialVariables');
    expect(offsite?.store).toMatchObject({ objectLock: { mode: 'compliance', days: 30 } });
    expect(near?.quota).toBeUndefined();
    expect(offsite?.store.kind === 's3' && offsite.store.credentials?.secretAccessKey.reveal()).toBe('from-a-file');
    expect(near).toMatchObject({
      ...{ verify: 'readable', retention: null },
      store: { region: 'eu-west-1', prefix: 'mongodb-backups/', sse: 'AES256', forcePathStyle: false },
    });
    expect(near?.store.kind === 's3' && near.store.credentials?.accessKeyId.reveal()).toBe('primary-id');
    expect(vault).toMatchObject({ verify: 'stored', store: { kind: 'directory', directory: '/work/vault' } });
    expect(replicasOf('clinic')).toEqual(['offsite', 'near', 'vault']);
    expect(replicasOf('shop')).toEqual(['vault', 'offsite']);
  });

  it('are written to no faster than they say, or than backups are written to the primary store', () => {
    const rates = (environment: Record<string, string>) =>
      load(file, { ...credentials, ...environment }).destinations.map(({ throttleBytesPerSecond: rate }) => rate);
    expect(rates({})).toEqual([2_000_000, undefined, undefined]);
    expect(rates({ BACKUP_STORE_THROTTLE_BYTES_PER_SECOND: '5000' })).toEqual([2_000_000, 5000, 5000]);
  });

  it('are places beside one another, however much their names are alike', () => {
    const destinations = {
      a: { kind: 'directory', directory: '/v' },
      b: { kind: 'directory', directory: '/v-2' },
      c: { kind: 's3', bucket: 'primary', prefix: 'mongodb-backups-2' },
      d: { kind: 's3', bucket: 'primary', prefix: 'mongodb-backups', endpoint: 'https://elsewhere.example' },
    };
    expect(problemOf({ destinations, targets: [target] })).toBe('none');
  });

  it.each([
    ['a variable that is not set', file, {}, 'destination offsite: OFFSITE_ID is not set'],
    [
      'the primary store',
      { destinations: { same: { kind: 's3', bucket: 'primary' } }, targets: [target] },
      {},
      'destination same: it is the same place as the primary store',
    ],
    [
      'one place twice',
      {
        destinations: { a: { kind: 'directory', directory: '/v' }, b: { kind: 'directory', directory: '/v/' } },
        targets: [target],
      },
      {},
      'destination b: it is the same place as the destination a',
    ],
    [
      'a place inside the primary store',
      { destinations: { a: { kind: 's3', bucket: 'primary', prefix: 'mongodb-backups/a' } }, targets: [target] },
      {},
      'destination a: it lies inside the primary store: ',
    ],
    [
      'a place around another',
      {
        destinations: { a: { kind: 'directory', directory: '/v/a' }, b: { kind: 'directory', directory: '/v' } },
        targets: [target],
      },
      {},
      'destination b: the destination a lies inside it: ',
    ],
    [
      'one that nobody knows',
      { destinations: {}, targets: [{ ...target, replicas: ['lost'] }] },
      {},
      'clinic: replicas: there is no destination lost',
    ],
    [
      'a name that is taken',
      { destinations: { primary: { kind: 'directory', directory: '/v' } }, targets: [target] },
      {},
      'primary',
    ],
    [
      'a secret in the file',
      { destinations: { a: { kind: 's3', bucket: 'b', secretAccessKey: 'sesame' } }, targets: [target] },
      {},
      'Unrecognized key "secretAccessKey"',
    ],
    [
      'credentials in half',
      { destinations: { a: { kind: 's3', bucket: 'b', accessKeyIdVariable: 'OFFSITE_ID' } }, targets: [target] },
      credentials,
      'go together',
    ],
    [
      'a refusal without a quota',
      { destinations: { a: { kind: 'directory', directory: '/v', quotaPolicy: 'refuse' } }, targets: [target] },
      {},
      '/t.yaml:1:73: destination a: quotaPolicy: refuse needs quotaBytes',
    ],
    [
      'a lock on a directory',
      {
        destinations: { a: { kind: 'directory', directory: '/v', objectLock: { mode: 'compliance', days: 1 } } },
        targets: [target],
      },
      {},
      '/t.yaml:1:59: destinations.a: Unrecognized key "objectLock"',
    ],
    [
      'a lock for no time',
      {
        destinations: { a: { kind: 's3', bucket: 'b', objectLock: { mode: 'governance', days: 0 } } },
        targets: [target],
      },
      {},
      '/t.yaml:1:89: destinations.a.objectLock.days',
    ],
    [
      'a cold class whose copies would be read',
      { destinations: { a: { kind: 's3', bucket: 'b', storageClass: 'GLACIER' } }, targets: [target] },
      {},
      '/t.yaml:1:63: destination a: storageClass: GLACIER gives no bytes',
    ],
  ])('%s is refused', (_what, wrong, more, expected) => {
    const problem = problemOf(wrong, more);
    expect(problem).toContain(expected);
    expect(problem).not.toContain('sesame');
  });
});
