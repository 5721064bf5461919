import { describe, expect, it } from '@jest/globals';
import { loadDoctorConfig } from './doctor-config.js';

const canary = 'S3CR3T-canary';
const load = (environment: Record<string, string>, files: Record<string, string> = {}) =>
  loadDoctorConfig({
    environment,
    readFile: (path) => {
      const found = files[path];
      if (found === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
      return Buffer.from(found);
    },
    workingDirectory: '/work',
  });

describe('what the doctor reads', () => {
  it('a command line without a service: no catalogue and no Redis are looked at', () => {
    const config = load({
      MONGODB_URI: 'mongodb://h/clinic',
      BACKUP_ENCRYPTION_KEY: canary,
      REDIS_URL: 'redis://cache',
    });
    expect(config).toMatchObject({
      ...{ problems: undefined, service: undefined, reserveBytes: 1_073_741_824 },
      ...{
        sources: [{ name: 'default', engine: 'auto' }],
        store: { kind: 'directory', directory: '/work/data/backups' },
      },
    });
  });

  it('a service: its catalogue and its Redis', () => {
    const { service, problems } = load({ MONGODB_URI: 'mongodb://h', CATALOG_MONGODB_URI: 'mongodb://c' });
    expect(problems).toBeUndefined();
    expect(service?.redisUrl.reveal()).toBe('redis://127.0.0.1:6379');
  });

  it('tells every problem once, without a secret, and goes on with what is good', () => {
    const config = load(
      {
        BACKUP_TARGETS_FILE: '/targets.yaml',
        CLINIC_URI: `mongodb://u:${canary}@h`,
        CATALOG_MONGODB_URI: `mongodb://u:${canary}@c`,
        REDIS_URL: `http://u:${canary}@r`,
        JWT_SECRET: canary,
        S3_BACKUP_BUCKET: 'b',
        S3_ENDPOINT: 'ftp://x',
        BACKUP_COMPRESSION: 'lzma',
        BACKUP_SCHEDULE: 'sometimes',
      },
      { '/targets.yaml': 'targets: [{name: clinic, uriVariable: CLINIC_URI}, {name: shop, uriVariable: SHOP_URI}]' },
    );
    const text = config.problems?.message ?? '';
    for (const name of ['SHOP_URI', 'REDIS_URL', 'JWT_SECRET', 'S3_ENDPOINT', 'BACKUP_COMPRESSION', 'BACKUP_SCHEDULE'])
      expect(text).toContain(name);
    const lines = text.split('\n').slice(1);
    expect(new Set(lines).size).toBe(lines.length);
    expect(text).not.toContain(canary);
    expect(config.store).toBeUndefined();
    expect(config.sources.map(({ name, uri }) => [name, uri !== undefined])).toEqual([
      ['clinic', true],
      ['shop', false],
    ]);
  });

  it('destinations, and none of them where one cannot be used', () => {
    const environment = { BACKUP_TARGETS_FILE: '/targets.yaml', CLINIC_URI: 'mongodb://h', S3_BACKUP_BUCKET: 'b' };
    const file = (more: string) => ({
      '/targets.yaml': `destinations: {offsite: {kind: s3, bucket: c, ${more}}}\ntargets: [{name: clinic, uriVariable: CLINIC_URI}]`,
    });
    expect(load(environment, file('objectLock: {mode: governance, days: 3}'))).toMatchObject({
      ...{ problems: undefined, destinations: [{ name: 'offsite', store: { objectLock: { days: 3 } } }] },
    });
    const wrong = load(environment, file('accessKeyIdVariable: NOWHERE, secretAccessKeyVariable: NOWHERE'));
    expect(wrong.problems?.message).toContain('NOWHERE is not set');
    expect(wrong).toMatchObject({ destinations: [], store: { kind: 's3' } });
  });
});
