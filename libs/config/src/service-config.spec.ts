import { describe, expect, it } from '@jest/globals';
import { inspect } from 'node:util';
import { AppError } from '#contracts';
import { loadApiConfig } from './api-config.js';
import { loadWorkerConfig } from './worker-config.js';

const canary = 'S3CR3T-canary';
const files: Record<string, string> = {
  '/targets.yaml': `targets:
  - name: clinic
    uriVariable: CLINIC_URI
    databases: [clinic]
    schedule: "*/2 * * * * *"
    timezone: Europe/Zurich
    retentionDays: 7
  - name: shop
    uriVariable: SHOP_URI
    engine: native
    schedule: "off"
`,
  '/twice.yaml': 'targets: [{name: a, uriVariable: A_URI}, {name: a, uriVariable: A_URI}]',
  '/odd.yaml': 'targets: [{name: "UP", uriVariable: "mongodb://x", uri: "mongodb://u:p@h"}]',
  '/blackout.yaml': `targets:
  - {name: a, uriVariable: A_URI, schedule: '0 12 * * 1-5', blackouts: [{from: '08:00', to: '18:00', days: [mon, tue, wed, thu, fri]}]}
`,
  '/lots.yaml': `a: &a [${'x,'.repeat(20)}]\nb: &b [${'*a,'.repeat(20)}]\nc: &c [${'*b,'.repeat(20)}]\ntargets: [*c]\n`,
  '/broken.yaml': `targets:\n  - name: "x\n`,
};
const load = <T>(loader: (options: Parameters<typeof loadApiConfig>[0]) => T, environment: Record<string, string>): T =>
  loader({
    environment,
    readFile: (path) => {
      const found = files[path];
      if (found === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
      return Buffer.from(found);
    },
    workingDirectory: '/work',
  });
const messageOf = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    if (error instanceof AppError && error.code === 'config/invalid') return error.message;
    throw error;
  }
  throw new Error('expected config/invalid');
};

const base = { CATALOG_MONGODB_URI: `mongodb://u:${canary}@127.0.0.1/hazina` };
const api = { ...base, JWT_SECRET: 'x'.repeat(32) };
const worker = {
  ...base,
  MONGODB_URI: `mongodb://u:${canary}@127.0.0.1/clinic`,
  BACKUP_ENCRYPTION_KEY: `pass:${canary}`,
};

describe('loadApiConfig', () => {
  it('has the defaults of .env.example', () => {
    const config = load(loadApiConfig, api);
    expect(config).toMatchObject({
      port: 3000,
      redisPrefix: 'hazina',
      targets: [
        {
          name: 'default',
          schedule: { cron: '0 2 * * *', timezone: 'UTC' },
          retention: { retentionDays: 30, minKeep: 3 },
        },
      ],
      lease: { leaseMs: 120_000, beatMs: 20_000, reaperMs: 30_000 },
      verify: { level: 'readable', reverifyDays: 30 },
      orphanGraceMs: 86_400_000,
      trustProxy: false,
      corsOrigins: [],
      admin: undefined,
      notify: { email: undefined, webhook: undefined },
    });
    expect(config.redisUrl.reveal()).toBe('redis://127.0.0.1:6379');
  });

  it('names everything that is wrong at once, and no secret', () => {
    const message = messageOf(() =>
      load(loadApiConfig, {
        REDIS_URL: `http://:${canary}@h`,
        JWT_SECRET: canary,
        BACKUP_SCHEDULE: 'every day',
        BACKUP_TIMEZONE: 'Mars/Base',
        BACKUP_LEASE_SECONDS: '10',
        SMTP_URL: `smtp://u:${canary}@h`,
        NOTIFY_WEBHOOK_URL: `https://h/${canary}`,
        CORS_ORIGINS: 'https://a.example/path',
        BACKUP_ORPHAN_GRACE_HOURS: '-1',
        LOG_LEVEL: 'loud',
      }),
    );
    for (const name of [
      'CATALOG_MONGODB_URI',
      'REDIS_URL',
      'JWT_SECRET',
      'BACKUP_SCHEDULE',
      'BACKUP_TIMEZONE',
      'BACKUP_LEASE_SECONDS',
      'NOTIFY_EMAIL_FROM',
      'NOTIFY_WEBHOOK_SECRET',
      'CORS_ORIGINS',
      'BACKUP_ORPHAN_GRACE_HOURS',
      'LOG_LEVEL',
    ])
      expect(message).toContain(name);
    expect(message).not.toContain(canary);
  });

  it('refuses a schedule that is never due', () => {
    const message = messageOf(() => load(loadApiConfig, { ...api, BACKUP_SCHEDULE: '0 0 31 2 *' }));
    expect(message).toContain('BACKUP_SCHEDULE is never due');
  });

  it.each([
    ['https://login.example/keys', 'https://login.example/keys'],
    ['http://127.0.0.1:8080/keys', 'http://127.0.0.1:8080/keys'],
    ['http://[::1]/keys', 'http://[::1]/keys'],
    ['http://localhost/keys', 'http://localhost/keys'],
  ])('takes the keys of tokens from %s', (JWT_JWKS_URI, url) => {
    expect(load(loadApiConfig, { ...base, JWT_JWKS_URI }).jwt.key).toEqual({ kind: 'remote', url });
  });

  it.each([
    ['http://login.example/keys', 'begins with https://'],
    ['http://127.0.0.1.example/keys', 'begins with https://'],
    ['ftp://login.example/keys', 'begins with https://'],
    ['login.example', 'begins with https://'],
    [`https://user:${canary}@login.example/keys`, 'must not hold a user'],
    ['https://169.254.169.254/keys', 'link-local'],
    ['https://[fd00:ec2::254]/keys', 'link-local'],
    ['https://2852039166/keys', 'link-local'],
  ])('takes no keys of tokens from %s', (JWT_JWKS_URI, text) => {
    const message = messageOf(() => load(loadApiConfig, { ...base, JWT_JWKS_URI }));
    expect(message).toContain(text);
    expect(message).not.toContain(canary);
  });

  it('knows one way to verify tokens', () => {
    const ways = { JWT_SECRET: 'x'.repeat(32), JWT_JWKS_URI: 'https://login.example/keys' };
    expect(messageOf(() => load(loadApiConfig, { ...base, ...ways }))).toBe(
      'JWT_SECRET and JWT_JWKS_URI are both set: keep one of them',
    );
    expect(messageOf(() => load(loadApiConfig, { ...base, ...ways, JWT_PUBLIC_KEY: 'pem' }))).toBe(
      'JWT_SECRET and JWT_PUBLIC_KEY and JWT_JWKS_URI are all set: keep one of them',
    );
    expect(messageOf(() => load(loadApiConfig, base))).toContain('JWT_JWKS_URI');
  });

  it('never reads the key or the URI of a source', () => {
    const config = load(loadApiConfig, {
      ...api,
      MONGODB_URI: `mongodb://u:${canary}@h/clinic`,
      BACKUP_ENCRYPTION_KEY: `pass:${canary}`,
    });
    expect(JSON.stringify(config) + inspect(config, { depth: 9 })).not.toContain(canary);
    expect(Object.keys(config)).not.toContain('keys');
  });

  it.each([
    ['2', 2],
    ['10.0.0.0/8, 127.0.0.1', ['10.0.0.0/8', '127.0.0.1']],
  ])('trusts the proxies %s', (text, wanted) => {
    expect(load(loadApiConfig, { ...api, TRUST_PROXY: text }).trustProxy).toEqual(wanted);
  });
});

describe('targets', () => {
  it('come from the file, with the settings of the environment where a target has none', () => {
    const { targets } = load(loadApiConfig, {
      ...api,
      BACKUP_TARGETS_FILE: '/targets.yaml',
      BACKUP_RETENTION_DAYS: '14',
    });
    expect(targets).toMatchObject([
      {
        name: 'clinic',
        databases: ['clinic'],
        schedule: { cron: '*/2 * * * * *', timezone: 'Europe/Zurich' },
        retention: { retentionDays: 7 },
      },
      { name: 'shop', engine: 'native', schedule: { cron: null }, retention: { retentionDays: 14 } },
    ]);
  });

  it('have their URIs in variables that only the worker reads', () => {
    const environment = {
      ...worker,
      BACKUP_TARGETS_FILE: '/targets.yaml',
      CLINIC_URI: 'mongodb://c/',
      SHOP_URI: 'mongodb://s/',
    };
    expect(load(loadWorkerConfig, environment).targets.map(({ name, uri }) => [name, uri.reveal()])).toEqual([
      ['clinic', 'mongodb://c/'],
      ['shop', 'mongodb://s/'],
    ]);
    const { SHOP_URI: _shop, ...without } = environment;
    expect(messageOf(() => load(loadWorkerConfig, without))).toContain(
      'BACKUP_TARGETS_FILE: /targets.yaml:9:18: SHOP_URI is not set: it holds the URI of shop',
    );
  });

  it.each([
    ['/twice.yaml', 'stands there twice'],
    ['/odd.yaml', 'uriVariable'],
    ['/odd.yaml', 'Unrecognized key'],
    ['/blackout.yaml', '/blackout.yaml:2:61: the blackouts of a leave its schedule no time'],
    ['/lots.yaml', '/lots.yaml:2:8: aliases (*name) make too much of the file'],
    ['/broken.yaml', 'is no YAML'],
    ['/none.yaml', 'ENOENT'],
  ])('of %s are refused: %s', (path, text) => {
    const message = messageOf(() => load(loadApiConfig, { ...api, BACKUP_TARGETS_FILE: path }));
    expect(message).toContain(text);
    expect(message).not.toContain('u:p@h');
  });
});

describe('loadWorkerConfig', () => {
  it('needs a key and a source', () => {
    const message = messageOf(() => load(loadWorkerConfig, base));
    expect(message).toContain('BACKUP_ENCRYPTION_KEY is not set');
    expect(message).toContain('MONGODB_URI is not set');
  });

  it('prints no secret', () => {
    const config = load(loadWorkerConfig, worker);
    expect(config).toMatchObject({ concurrency: 1, throttleBytesPerSecond: null, shutdownGraceMs: 60_000, port: 3001 });
    expect(JSON.stringify(config) + inspect(config, { depth: 9 })).not.toContain(canary);
  });
});
