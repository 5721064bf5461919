import { describe, expect, it } from '@jest/globals';
import { AppError } from '#contracts';
import { loadApiConfig } from './api-config.js';
import { loadDoctorConfig } from './doctor-config.js';
import { loadWorkerConfig } from './worker-config.js';

// What every backup of a target would be refused for is an error when the file is read, at the start and by a reload: the good configuration stays in force.

const options = (settings: string, more: Readonly<Record<string, string>> = {}) => ({
  environment: {
    ...{ CATALOG_MONGODB_URI: 'mongodb://h/hazina', JWT_SECRET: 'x'.repeat(32), BACKUP_TARGETS_FILE: '/t.yaml' },
    ...{ BACKUP_ENCRYPTION_KEY: 'pass:0123456789ab', CLINIC_URI: 'mongodb://h/' },
    ...more,
  },
  readFile: () => Buffer.from(`targets:\n  - name: clinic\n    uriVariable: CLINIC_URI\n${settings}`),
  workingDirectory: '/',
});
const withoutFile = { BACKUP_TARGETS_FILE: '' };
const lines = (...settings: readonly string[]) => settings.map((setting) => `    ${setting}\n`).join('');

type Load = (given: ReturnType<typeof options>) => unknown;
const messageOf = (load: Load, given: ReturnType<typeof options>): string => {
  try {
    load(given);
  } catch (error) {
    if (error instanceof AppError && error.code === 'config/invalid') return error.message;
    throw error;
  }
  return 'nothing is wrong';
};
/** Doctor goes on with what is good. */
const doctor: Load = (given) => {
  const { problems } = loadDoctorConfig(given);
  if (problems !== undefined) throw problems;
};
const loaders: readonly (readonly [string, Load])[] = [
  ['API', loadApiConfig],
  ['worker', loadWorkerConfig],
  ['doctor', doctor],
];

describe.each(loaders)('%s: what is wrong whatever the URI', (_who, load) => {
  it.each<[readonly string[], string]>([
    [["include: ['a.*', '.x']"], '4:22: include.1 of clinic is no namespace pattern: a name is empty'],
    [["exclude: ['a\\']"], '4:15: exclude.0 of clinic is no namespace pattern: it ends with a single \\'],
    [['databases: [a, a/b]'], '4:20: databases.1 of clinic must be the name of a database'],
    [['databases: [a.b]'], '4:17: databases.0 of clinic must be the name of a database'],
    [
      ['engine: mongodump', 'databases: [a, b]'],
      '4:13: engine of clinic asks mongodump for what it cannot do: it takes one',
    ],
    [['engine: mongodump', 'databases: [a]', "include: ['a.x*']"], '4:13: engine of clinic asks mongodump for'],
    [['engine: native', 'oplog: true'], '5:12: oplog of clinic needs mongodump'],
    [['oplog: true', 'databases: [a]'], '4:12: oplog of clinic asks mongodump for what it cannot do: an oplog'],
    [['oplog: true', 'exclude: [a.b]'], '4:12: oplog of clinic asks mongodump for what it cannot do: an oplog'],
  ])('%j', (settings, expected) => {
    const message = messageOf(load, options(lines(...settings)));
    expect(message).toContain(`BACKUP_TARGETS_FILE: /t.yaml:${expected}`);
    expect(message.split('BACKUP_TARGETS_FILE')).toHaveLength(2);
  });

  it('what defaults says is told there, what the environment says at the target', () => {
    const { environment, ...rest } = options(lines('oplog: true'), { BACKUP_ENGINE: 'native' });
    expect(messageOf(load, { environment, ...rest })).toContain('/t.yaml:4:12: oplog of clinic needs mongodump');
    const readFile = () =>
      Buffer.from("defaults: {include: ['.x']}\ntargets: [{name: clinic, uriVariable: CLINIC_URI}]");
    expect(messageOf(load, { ...rest, environment, readFile })).toContain('/t.yaml:1:22: include.0 of clinic');
  });

  it.each<readonly string[]>([
    ['engine: auto', 'databases: [a, b]', "include: ['a.x*']"],
    ['engine: native', "exclude: ['*.tmp']"],
    ['engine: mongodump', 'databases: [a]', 'exclude: [a.x, a.y]'],
    ['engine: mongodump'],
    ['oplog: true'],
    ["include: ['a\\.b.c']"],
  ])('%s and %s are well', (...settings) => {
    expect(messageOf(load, options(lines(...settings)))).toBe('nothing is wrong');
  });

  it('without a file the variable is named', () => {
    const env = { ...withoutFile, MONGODB_URI: 'mongodb://h/', BACKUP_OPLOG: 'true', BACKUP_ENGINE: 'native' };
    expect(messageOf(load, options('', env))).toBe('BACKUP_OPLOG needs mongodump: the native engine dumps no oplog');
  });
});

describe.each(loaders.filter(([who]) => who !== 'API'))('%s: what is wrong with a URI', (_who, load) => {
  it.each<[readonly string[], string, string]>([
    [[], 'not a uri', '3:18: CLINIC_URI must begin with mongodb:// or mongodb+srv://'],
    [[], 'mongodb:///clinic', '3:18: CLINIC_URI must begin with mongodb:// or mongodb+srv://, and name a host'],
    [['oplog: true'], 'mongodb://h/clinic', '4:12: oplog of clinic asks mongodump for what it cannot do'],
    [['engine: mongodump', 'exclude: [a.b]'], 'mongodb://h', '4:13: engine of clinic asks mongodump for'],
  ])('%j of %s', (settings, uri, expected) => {
    const message = messageOf(load, options(lines(...settings), { CLINIC_URI: uri }));
    expect(message).toContain(`BACKUP_TARGETS_FILE: /t.yaml:${expected}`);
    expect(message).not.toContain('not a uri');
  });

  it('a database in the path is a chosen one', () => {
    const settings = lines('engine: mongodump', 'exclude: [clinic.x]');
    expect(messageOf(load, options(settings, { CLINIC_URI: 'mongodb://h/clinic' }))).toBe('nothing is wrong');
  });

  it('without a file the variables are named', () => {
    const env = { ...withoutFile, BACKUP_OPLOG: 'true' };
    const messageWith = (MONGODB_URI: string) => messageOf(load, options('', { ...env, MONGODB_URI }));
    expect(messageWith('mongodb://h/clinic')).toMatch(/^BACKUP_OPLOG asks mongodump for what it cannot do/);
    expect(messageWith('h:27017')).toMatch(/^MONGODB_URI must begin with mongodb:/);
    expect(messageWith('mongodb://h/')).toBe('nothing is wrong');
  });

  it('so it is with what is restored into', () => {
    const env = { RESTORE_TARGETS: 'staging', RESTORE_TARGET_STAGING_URI: 'h:27017' };
    expect(messageOf(load, options('', env))).toMatch(/^RESTORE_TARGET_STAGING_URI must begin with mongodb:/);
  });
});

it.each(loaders)('%s: a name that backups before restores need is told where it stands', (_who, load) => {
  const env = { RESTORE_TARGETS: 'staging', RESTORE_TARGET_STAGING_URI: 'mongodb://h/' };
  const readFile = () => Buffer.from('targets:\n  - {name: safety-staging, uriVariable: CLINIC_URI}\n');
  expect(messageOf(load, { ...options('', env), readFile })).toBe(
    'BACKUP_TARGETS_FILE: /t.yaml:2:12: RESTORE_TARGETS: backups of what is replaced in staging need the target name safety-staging',
  );
});
