import { describe, expect, it } from '@jest/globals';
import { inspect } from 'node:util';
import { AppError } from '#contracts';
import { loadCliConfig, type CliNeeds } from './cli-config.js';
import { withConfigFile } from './config-file.js';
import { namedUri } from './named-uri.js';

const files: Record<string, string | Uint8Array> = {
  '/key': '\uFEFFhex:00\n',
  '/crlf': 'pass:spaces kept \r\n',
  '/two': 'line\n\n',
  '/empty': '\n',
  '/binary': Uint8Array.of(0xff, 0xfe, 0x00),
};
const readFile = (path: string): Uint8Array => {
  const found = files[path];
  if (found === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
  return typeof found === 'string' ? Buffer.from(found) : found;
};
const load = <const N extends CliNeeds>(needs: N, environment: Record<string, string>) =>
  loadCliConfig(needs, { environment, readFile, workingDirectory: '/work' });
const failure = (action: () => unknown): AppError => {
  try {
    action();
  } catch (error) {
    if (error instanceof AppError) return error;
  }
  throw new Error('expected an AppError');
};

describe('loadCliConfig', () => {
  it('needs nothing that the command does not use', () => {
    const config = load({}, {});
    expect(config).toMatchObject({ store: undefined, source: undefined, target: 'default', engine: 'auto' });
    expect(config.compression).toEqual({ codec: 'zstd', level: undefined });
  });

  it('knows a catalogue only when one is set and the command can use it', () => {
    const set = {
      CATALOG_MONGODB_URI: 'mongodb://catalog/hazina',
      BACKUP_LEASE_SECONDS: '6',
      BACKUP_BEAT_SECONDS: '1',
    };
    expect(load({ catalog: true }, {}).catalog).toBeUndefined();
    expect(load({}, set).catalog).toBeUndefined();
    expect(load({ catalog: true }, set).catalog).toMatchObject({ leaseMs: 6_000, beatMs: 1_000 });
    expect(load({ catalog: true }, set).catalog?.uri.reveal()).toBe('mongodb://catalog/hazina');
    expect(failure(() => load({ catalog: true }, { ...set, BACKUP_LEASE_SECONDS: '1' })).message).toContain('twice');
  });

  it('takes a directory below the working directory when no bucket is set', () => {
    expect(load({ store: true }, {}).store).toEqual({ kind: 'directory', directory: '/work/data/backups' });
    expect(load({ store: true }, { BACKUP_DIRECTORY: '/b' }).store).toEqual({ kind: 'directory', directory: '/b' });
  });

  it('takes the bucket when one is set, with defaults for AWS', () => {
    expect(load({ store: true }, { S3_BACKUP_BUCKET: 'b', S3_BACKUP_PREFIX: '//x/y//' }).store).toEqual({
      kind: 's3',
      bucket: 'b',
      prefix: 'x/y/',
      forcePathStyle: false,
      sse: 'AES256',
      checksums: 'auto',
      uploadConcurrency: 4,
    });
  });

  it('takes other defaults with an endpoint', () => {
    const environment = { S3_BACKUP_BUCKET: 'b', S3_ENDPOINT: 'http://127.0.0.1:9000', S3_BACKUP_PREFIX: '' };
    expect(load({ store: true }, environment).store).toMatchObject({
      forcePathStyle: true,
      sse: 'none',
      prefix: 'mongodb-backups/',
    });
  });

  it('counts an empty value as not set', () => {
    expect(load({}, { BACKUP_COMPRESSION: '', BACKUP_RETENTION_DAYS: '' })).toMatchObject({ retentionDays: 30 });
  });

  it('reads secrets from files: without byte-order mark and one line end, and no further', () => {
    const keys = (path: string) =>
      load({ keys: 'optional' }, { BACKUP_ENCRYPTION_KEY_FILE: path }).keys.current?.text.reveal();
    expect(keys('/key')).toBe('hex:00');
    expect(keys('/crlf')).toBe('pass:spaces kept ');
    expect(keys('/two')).toBe('line\n');
  });

  it('reads retired keys one per line and names the line', () => {
    const quoted = JSON.stringify('first\nsecond');
    const old = load({ keys: 'optional' }, { BACKUP_ENCRYPTION_KEYS_RETIRED: `hex:1\n${quoted}\n"no end` }).keys;
    expect(old.retired.map(({ text }) => text.reveal())).toEqual(['hex:1', 'first\nsecond', '"no end']);
    const { retired } = load({ keys: 'optional' }, { BACKUP_ENCRYPTION_KEYS_RETIRED: 'hex:1\n\nhex:2' }).keys;
    expect(retired.map(({ variable }) => variable)).toEqual([
      'BACKUP_ENCRYPTION_KEYS_RETIRED, line 1',
      'BACKUP_ENCRYPTION_KEYS_RETIRED, line 3',
    ]);
  });

  it.each([
    'http://169.254.169.254',
    'http://0xa9fea9fe/',
    'http://[fd00:ec2::254]:80',
    'http://100.100.100.200',
    'http://[::ffff:169.254.1.1]',
  ])('takes no store at %s', (S3_ENDPOINT) => {
    const error = failure(() => load({ store: true }, { S3_BACKUP_BUCKET: 'b', S3_ENDPOINT }));
    expect(error.message).toContain('S3_ENDPOINT must not be a link-local, metadata or reserved address');
  });

  it('tells all errors at once, and never the value of a secret', () => {
    const environment = {
      MONGODB_URI: 'mongodb://u:canary-password@h/db',
      MONGODB_URI_FILE: '/key',
      BACKUP_ENCRYPTION_KEY_FILE: '/missing',
      BACKUP_ENCRYPTION_KEYS_RETIRED_FILE: '/binary',
      AWS_ACCESS_KEY_ID: 'canary-id',
      S3_BACKUP_BUCKET: 'b',
      S3_ENDPOINT: 'http://canary:canary@h/',
      S3_PART_SIZE: '1',
      BACKUP_COMPRESSION: 'brotli',
      BACKUP_TARGET_NAME: 'Not OK',
      BACKUP_RETENTION_DAYS: '1e3',
    };
    const error = failure(() => load({ store: true, keys: 'required', source: true }, environment));
    expect(error.code).toBe('config/invalid');
    for (const name of [
      'MONGODB_URI_FILE',
      '/missing',
      '/binary',
      'AWS_SECRET_ACCESS_KEY',
      'S3_ENDPOINT',
      'S3_PART_SIZE',
      'brotli',
      'Not OK',
      '1e3',
    ]) {
      expect(error.message).toContain(name);
    }
    expect(inspect(error, { depth: 9 })).not.toContain('canary');
  });

  it('refuses an empty secret file', () => {
    expect(failure(() => load({ keys: 'optional' }, { BACKUP_ENCRYPTION_KEY_FILE: '/empty' })).message).toContain(
      'is empty',
    );
  });

  it('checks the level against the codec', () => {
    expect(failure(() => load({}, { BACKUP_COMPRESSION: 'gzip', BACKUP_COMPRESSION_LEVEL: '19' })).message).toContain(
      'from 1 to 9',
    );
    expect(load({}, { BACKUP_COMPRESSION_LEVEL: '19' }).compression.level).toBe(19);
  });
});

describe('withConfigFile', () => {
  const read = (text: string) => () => Buffer.from(text);

  it('lies beneath the environment', () => {
    const merged = withConfigFile(
      { BACKUP_ENGINE: 'native' },
      'f',
      read('BACKUP_ENGINE=mongodump\nS3_BACKUP_BUCKET="b" # note'),
    );
    expect(merged).toEqual({ BACKUP_ENGINE: 'native', S3_BACKUP_BUCKET: 'b' });
  });

  it('refuses names that nobody reads: a misspelt key must not be lost', () => {
    expect(failure(() => withConfigFile({}, 'f', read('BACKUP_ENCRYPTON_KEY=canary'))).message).toMatch(
      /BACKUP_ENCRYPTON_KEY/,
    );
    expect(failure(() => withConfigFile({}, 'f', read('BACKUP_ENCRYPTON_KEY=canary'))).message).not.toContain('canary');
  });

  it('takes names that the targets file gives, and no others', () => {
    const texts: Record<string, string> = {
      '/targets': 'destinations: { far: { accessKeyIdVariable: FAR_ID, secretAccessKeyVariable: FAR_SECRET } }',
      '/good': 'BACKUP_TARGETS_FILE=/targets\nFAR_ID=x\nFAR_SECRET_FILE=/key',
      '/bad': 'BACKUP_TARGETS_FILE=/targets\nFAR_IDD=x',
      '/none': 'BACKUP_TARGETS_FILE=/nowhere\nFAR_ID=x',
    };
    const given = (path: string) => Buffer.from(texts[path] ?? readFile(path));
    expect(withConfigFile({}, '/good', given)).toMatchObject({ FAR_ID: 'x', FAR_SECRET_FILE: '/key' });
    expect(failure(() => withConfigFile({}, '/bad', given)).message).toContain('unknown variables: FAR_IDD');
    expect(failure(() => withConfigFile({}, '/none', given)).message).toContain('unknown variables: FAR_ID');
  });

  it('names a file that cannot be read', () => {
    expect(failure(() => withConfigFile({}, '/nowhere', readFile)).message).toContain('/nowhere');
  });
});

describe('namedUri', () => {
  it('reads the variable, or the file that it names', () => {
    expect(namedUri('T', { T: 'mongodb://h' }, readFile).reveal()).toBe('mongodb://h');
    expect(namedUri('T', { T_FILE: '/key' }, readFile).reveal()).toBe('hex:00');
  });

  it('is config/invalid when nothing is set', () => {
    expect(failure(() => namedUri('T', {}, readFile))).toMatchObject({
      code: 'config/invalid',
      message: 'The variable T is not set',
    });
  });
});
