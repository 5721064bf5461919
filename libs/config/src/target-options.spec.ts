import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { parse } from 'yaml';
import { AppError } from '#contracts';
import { loadApiConfig } from './api-config.js';
import { loadCliConfig } from './cli-config.js';
import type { TargetConfig } from './targets.js';
import { targetsSchema } from './targets-file.js';
import { loadWorkerConfig } from './worker-config.js';

// Every option of the targets file: it changes what the target is resolved to, over the file's defaults and over the environment, and a wrong value is an
// error with its name, its line and its column.

const environment = {
  ...{ CATALOG_MONGODB_URI: 'mongodb://h/hazina', JWT_SECRET: 'x'.repeat(32), BACKUP_TARGETS_FILE: '/t.yaml' },
  ...{ RESTORE_TARGETS: 'scratch', RESTORE_TARGET_SCRATCH_SCRATCH: 'true', S3_BACKUP_BUCKET: 'backups' },
};
const options = (text: string, more: Record<string, string> = {}) => ({
  environment: { ...environment, ...more },
  readFile: () => Buffer.from(text),
  workingDirectory: '/',
});
const targetOf = (text: string, more?: Record<string, string>): TargetConfig => {
  const [target] = loadApiConfig(options(text, more)).targets;
  if (target === undefined) throw new Error('no target');
  return target;
};
const messageOf = (load: () => unknown): string => {
  try {
    load();
  } catch (error) {
    if (error instanceof AppError && error.code === 'config/invalid') return error.message;
    throw error;
  }
  return 'nothing is wrong';
};
const base = 'targets:\n  - name: clinic\n    uriVariable: CLINIC_URI\n';
const hook = {
  name: 'true',
  timeoutMs: 30_000,
  veto: true,
  does: { kind: 'command', argv: ['true'], environment: [] },
};

type Row = readonly [option: string, good: string, resolved: object, bad: string];
const rows: readonly Row[] = [
  ['include', '[a.*]', { include: ['a.*'] }, '[7]'],
  ['exclude', '[a.b]', { exclude: ['a.b'] }, 'a.b'],
  ['schedule', "'0 5 * * *'", { schedule: { cron: '0 5 * * *' } }, "'0 5 * *'"],
  ['timezone', 'Europe/Zurich', { schedule: { timezone: 'Europe/Zurich' } }, 'Mars/Base'],
  [
    'blackouts',
    "[{from: '08:00', to: '18:00', days: [mon]}]",
    { schedule: { blackouts: [{ from: '08:00', to: '18:00', days: ['mon'] }] } },
    "[{from: '8', to: '18:00'}]",
  ],
  ['jitterSeconds', '600', { schedule: { jitterSeconds: 600 } }, '-1'],
  ['engine', 'native', { engine: 'native' }, 'magic'],
  ['oplog', 'true', { oplog: true }, 'maybe'],
  ['compression', 'gzip', { compression: { codec: 'gzip', level: undefined } }, 'lz4'],
  ['compressionLevel', '7', { compression: { codec: 'zstd', level: 7 } }, '20'],
  ['hooks', '{before: [{command: ["true"]}]}', { hooks: { before: [hook], after: [] } }, '{before: [{}]}'],
  ['drill', '{target: scratch}', { drill: { targetName: 'scratch' } }, '{target: UP}'],
  ['throttleBytesPerSecond', '5000', { throttleBytesPerSecond: 5000 }, '1023'],
  ['storeThrottleBytesPerSecond', '6000', { storeThrottleBytesPerSecond: 6000 }, 'fast'],
  ['readPreference', 'secondary', { readPreference: 'secondary' }, 'tertiary'],
  [
    'objectLock',
    '{mode: governance, days: 3}',
    { placement: { objectLock: { mode: 'governance', days: 3 } } },
    '{mode: maybe, days: 3}',
  ],
  ['storageClass', 'STANDARD_IA', { placement: { storageClass: 'STANDARD_IA' } }, 'ICE'],
  ['retentionDays', '7', { retention: { retentionDays: 7 } }, '-1'],
  ['keepLast', '2', { retention: { keepLast: 2 } }, '-2'],
  ['keepHourly', '3', { retention: { keepHourly: 3 } }, '1.5'],
  ['keepDaily', '4', { retention: { keepDaily: 4 } }, 'many'],
  ['keepWeekly', '5', { retention: { keepWeekly: 5 } }, '[]'],
  ['keepMonthly', '6', { retention: { keepMonthly: 6 } }, 'null'],
  ['keepYearly', '7', { retention: { keepYearly: 7 } }, '10001'],
  ['keepWithinBytes', '8000', { retention: { keepWithinBytes: 8000 } }, '-1'],
  ['minKeep', '9', { retention: { minKeep: 9 } }, '0'],
];
const own: readonly Row[] = [
  ['name', 'shop', { name: 'shop' }, 'UP'],
  ['uriVariable', 'SHOP_URI', { uriVariable: 'SHOP_URI' }, '"mongodb://u:canary@h"'],
  ['databases', '[clinic]', { databases: ['clinic'] }, '[""]'],
];

it('the tables hold every option of the schema', () => {
  const { properties } = targetsSchema() as {
    properties: Record<'defaults' | 'targets', { properties?: object; items?: { properties: object } }>;
  };
  const settings = [...rows.map(([option]) => option), 'replicas'].sort();
  expect(Object.keys(properties.defaults.properties ?? {}).sort()).toEqual(settings);
  expect(Object.keys(properties.targets.items?.properties ?? {}).sort()).toEqual(
    [...settings, ...own.map(([option]) => option)].sort(),
  );
});

describe.each(rows)('%s', (option, good, resolved, bad) => {
  const usual = inspect(targetOf(base), { depth: 9 });

  it('of a target', () => {
    expect(targetOf(`${base}    ${option}: ${good}\n`)).toMatchObject(resolved);
    expect(inspect(targetOf(`${base}    ${option}: ${good}\n`), { depth: 9 })).not.toBe(usual);
  });

  it('of the defaults, for a target that does not say otherwise', () => {
    const defaults = `defaults:\n  ${option}: ${good}\n`;
    expect(targetOf(defaults + base)).toMatchObject(resolved);
    expect(targetOf(`${defaults.replace(good, bad)}${base}    ${option}: ${good}\n`.replace(bad, good))).toMatchObject(
      resolved,
    );
  });

  it('wrong: an error with its name, its line and its column', () => {
    expect(messageOf(() => targetOf(`${base}    ${option}: ${bad}\n`))).toMatch(
      new RegExp(`/t\\.yaml:4:\\d+: .*${option}`),
    );
    expect(messageOf(() => targetOf(`defaults:\n  ${option}: ${bad}\n${base}`))).toMatch(
      new RegExp(`/t\\.yaml:2:\\d+: .*${option}`),
    );
  });
});

describe('where backups lie in the primary store', () => {
  it('a lock of the environment can be turned off, and defaults overridden', () => {
    expect(targetOf(`${base}    objectLock: {mode: off}\n`).placement).toEqual({ objectLock: null });
    const defaults = 'defaults: {objectLock: {mode: compliance, days: 30}, storageClass: STANDARD_IA}\n';
    const own = `${defaults}${base}    objectLock: {mode: off}\n`;
    expect(targetOf(own).placement).toEqual({ objectLock: null, storageClass: 'STANDARD_IA' });
    const config = loadCliConfig({ store: true }, options(own));
    expect(config.placements).toEqual({ clinic: { objectLock: null, storageClass: 'STANDARD_IA' } });
  });

  it.each([
    ['objectLock: {mode: governance, days: 0}', {}, '/t.yaml:4:42: targets.0.objectLock.days'],
    ['objectLock: {mode: governance}', {}, '/t.yaml:4:5: targets.0.objectLock.days'],
    ['objectLock: {mode: compliance, days: 1}', { S3_BACKUP_BUCKET: '' }, '/t.yaml:4:5: objectLock of clinic needs a'],
    ['storageClass: STANDARD_IA', { S3_BACKUP_BUCKET: '' }, '/t.yaml:4:19: storageClass of clinic needs a bucket'],
    ['storageClass: GLACIER', {}, '/t.yaml:4:19: storageClass of clinic GLACIER gives no bytes'],
    ['storageClass: GLACIER', { BACKUP_VERIFY: 'off', BACKUP_REVERIFY_DAYS: '0' }, 'nothing is wrong'],
  ])('%s with %j', (setting, more, expected) => {
    expect(messageOf(() => targetOf(`${base}    ${setting}\n`, more))).toContain(expected);
  });
});

describe('replicas', () => {
  const places =
    'destinations:\n  near: {kind: directory, directory: near}\n  far: {kind: directory, directory: far}\n';

  it('are all destinations, those of the defaults, or those of the target', () => {
    expect(targetOf(places + base).replicas).toEqual(['near', 'far']);
    expect(targetOf(`${places}defaults: {replicas: [far]}\n${base}`).replicas).toEqual(['far']);
    expect(targetOf(`${places}defaults: {replicas: [far]}\n${base}    replicas: []\n`).replicas).toEqual([]);
  });

  it('need a primary store that gives bytes to copy', () => {
    const unverified = { BACKUP_VERIFY: 'off', BACKUP_REVERIFY_DAYS: '0' };
    const cold = { ...unverified, S3_STORAGE_CLASS: 'DEEP_ARCHIVE' };
    const text = places + base;
    expect(messageOf(() => targetOf(text, cold))).toMatch(
      /\/t\.yaml:\d+:\d+: replicas of clinic cannot be copied: DEEP_ARCHIVE gives no bytes/,
    );
    expect(messageOf(() => targetOf(`${text}    storageClass: GLACIER\n`, unverified))).toContain(
      'storageClass of clinic GLACIER gives no bytes for hours, so no copy can be made from there',
    );
    expect(targetOf(`${text}    storageClass: STANDARD\n`, cold).replicas).toEqual(['near', 'far']);
    expect(targetOf(`${text}    replicas: []\n`, cold).replicas).toEqual([]);
  });

  it('that are no destination: an error with its name, its line and its column', () => {
    expect(messageOf(() => targetOf(`${places}${base}    replicas: [lost]\n`))).toMatch(
      /\/t\.yaml:7:\d+: .*replicas.*lost/,
    );
  });
});

const lines = (option: string, value: string) => {
  const all = { name: 'clinic', uriVariable: 'CLINIC_URI', [option]: value };
  return `targets:\n  - ${Object.entries(all)
    .map(([key, each]) => `${key}: ${each}`)
    .join('\n    ')}\n`;
};

it.each(own)('%s', (option, good, resolved, bad) => {
  expect(targetOf(lines(option, good))).toMatchObject(resolved);
  const message = messageOf(() => targetOf(lines(option, bad)));
  expect(message).toMatch(new RegExp(`/t\\.yaml:\\d+:\\d+: .*${option}`));
  expect(message).not.toContain('canary');
});

describe('what goes before what', () => {
  it('the target, the defaults, the environment', () => {
    const env = { BACKUP_JITTER_SECONDS: '60', BACKUP_THROTTLE_BYTES_PER_SECOND: '2000', BACKUP_COMPRESSION: 'gzip' };
    const all = { ...env, BACKUP_STORE_THROTTLE_BYTES_PER_SECOND: '3000', BACKUP_COMPRESSION_LEVEL: '9' };
    expect(targetOf(base, all)).toMatchObject({
      ...{ schedule: { jitterSeconds: 60 }, throttleBytesPerSecond: 2000, storeThrottleBytesPerSecond: 3000 },
      compression: { codec: 'gzip', level: 9 },
    });
    const defaults = 'defaults: {jitterSeconds: 30, throttleBytesPerSecond: 4000}\n';
    expect(targetOf(`${defaults}${base}    jitterSeconds: 0\n    compression: zstd\n`, all)).toMatchObject({
      ...{ throttleBytesPerSecond: 4000, storeThrottleBytesPerSecond: 3000 },
      // A level belongs to its codec.
      compression: { codec: 'zstd', level: undefined },
    });
    expect(targetOf(`${defaults}${base}    jitterSeconds: 0\n`, all).schedule.jitterSeconds ?? 0).toBe(0);
  });

  it('of hooks and drills, too, one by one', () => {
    const query = '{name: a, collection: b.c, query: "{}", expect: 1}';
    const defaults = `defaults:
  hooks: {before: [{shell: lock}], after: [{shell: unlock}]}
  drill: {schedule: '0 5 * * 0', target: scratch, queries: [${query}]}
`;
    const argvOf = ({ does }: TargetConfig['hooks']['before'][number]) => does.kind === 'command' && does.argv.at(-1);
    const seen = (text: string) => {
      const { hooks, drill } = targetOf(`${defaults}${base}    ${text}\n`, { BACKUP_DRILL_SCHEDULE: '0 7 * * 0' });
      const { schedule, targetName, queries } = drill;
      return [
        hooks.before.map(argvOf),
        hooks.after.map(argvOf),
        schedule.cron,
        schedule.timezone,
        targetName,
        queries.length,
      ];
    };
    const usual: readonly unknown[] = [['lock'], ['unlock'], '0 5 * * 0', 'UTC', 'scratch', 1];
    expect(seen('keepLast: 1')).toEqual(usual);
    expect(seen('hooks: {}')).toEqual(usual);
    expect(seen('hooks: {after: [{shell: tell}]}')).toEqual(usual.with(1, ['tell']));
    expect(seen('hooks: {before: []}')).toEqual(usual.with(0, []));
    expect(seen('drill: {timezone: Europe/Zurich}')).toEqual(usual.with(3, 'Europe/Zurich'));
    expect(seen('drill: {schedule: off}')).toEqual(usual.with(2, null));
    expect(seen('drill: {queries: []}')).toEqual(usual.with(5, 0));
  });

  it('what is wrong is told where it stands', () => {
    const defaults = "defaults: {hooks: {before: [{}]}, drill: {target: far, timezone: 'Mars/Base'}}\n";
    const text = `${defaults}${base}    hooks: {after: [{}]}\n    drill: {schedule: '0 5 * *'}\n`;
    const message = messageOf(() => targetOf(text));
    for (const place of [
      '1:29: hooks of clinic: before.0 ',
      '1:51: drill of clinic: far ',
      '1:66: drill of clinic: timezone',
    ])
      expect(message).toContain(`/t.yaml:${place}`);
    for (const place of ['5:21: hooks of clinic: after.0 ', '6:23: drill of clinic: schedule'])
      expect(message).toContain(`/t.yaml:${place}`);
  });

  it('a level that the codec has not is told of', () => {
    const text = `${base}    compression: gzip\n    compressionLevel: 12\n`;
    expect(messageOf(() => targetOf(text))).toContain('/t.yaml:5:23: compressionLevel of clinic is too high for gzip');
    const defaults = 'defaults: {compression: gzip, compressionLevel: 12}\n';
    expect(messageOf(() => targetOf(defaults + base))).toBe(
      'BACKUP_TARGETS_FILE: /t.yaml:1:49: compressionLevel of defaults is too high for its codec',
    );
  });

  it('a level of the defaults belongs to their codec', () => {
    const compressionOf = (target: string, more?: Record<string, string>) =>
      targetOf(`defaults: {compression: zstd, compressionLevel: 15}\n${base}    ${target}\n`, more).compression;
    expect(compressionOf('compression: gzip')).toEqual({ codec: 'gzip', level: undefined });
    expect(compressionOf('keepLast: 1')).toEqual({ codec: 'zstd', level: 15 });
    expect(compressionOf('compressionLevel: 9')).toEqual({ codec: 'zstd', level: 9 });
    const gzip = { BACKUP_COMPRESSION: 'gzip', BACKUP_COMPRESSION_LEVEL: '8' };
    expect(compressionOf('compression: gzip', gzip)).toEqual({ codec: 'gzip', level: undefined });
    expect(compressionOf('compression: gzip\n    compressionLevel: 4', gzip)).toEqual({ codec: 'gzip', level: 4 });
  });
});

const hooks = (text: string) => `${base}    hooks:\n      before:\n        - ${text}\n`;
const refusedHooks = [
  ['{shell: x, url: "http://h/"}', '6:27: hooks of clinic: before.0.url needs one of'],
  ['{url: "ftp://h/"}', '6:17: hooks of clinic: before.0.url must be a URL'],
  ['{url: "http://u:canary@h/"}', 'before.0.url must not hold a user or a password'],
  ['{url: "http://169.254.169.254/"}', 'before.0.url must not be a link-local'],
  ['{command: [x], environment: [BACKUP_ENCRYPTION_KEY]}', '.environment.0 BACKUP_ENCRYPTION_KEY is never given'],
  ['{command: [x], environment: [JWT_SECRET_FILE]}', 'JWT_SECRET_FILE is never given'],
  ['{url: "http://h/", environment: [HOME]}', 'before.0.environment only goes with a command'],
  ['{shell: x, secretVariable: KEY}', 'before.0.secretVariable only goes with a URL'],
  ['{shell: x, timeoutSeconds: 0}', 'targets.0.hooks.before.0.timeoutSeconds'],
  ['{shell: x, mode: loud}', 'Unrecognized key "mode"'],
] as const;

describe('drills that nobody could make', () => {
  const drill = (text: string) => `${base}    drill: {${text}}\n`;
  const none = { RESTORE_TARGET_SCRATCH_SCRATCH: 'false' };
  const badQuery = 'queries: [{name: a, collection: b.c, query: "{", expect: 1}]';
  it.each([
    ['in the file', drill('schedule: "0 5 * * 0"'), none, '/t.yaml:4:23: drills of clinic are scheduled'],
    ['for all', `defaults: {drill: {schedule: "0 5 * * 0"}}\n${base}`, none, '/t.yaml:1:30: drills of clinic are'],
    ['elsewhere', drill('target: far'), {}, '/t.yaml:4:21: drill of clinic: far is no scratch target'],
    ['by a query', drill(badQuery), {}, '/t.yaml:4:57: drill of clinic: the query "a": query is no JSON'],
  ])('are told where they are asked for: %s', (_name, text, more, expected) => {
    expect(messageOf(() => loadApiConfig(options(text, more)))).toContain(`BACKUP_TARGETS_FILE: ${expected}`);
  });

  it('are told without a place where the environment asks for them', () => {
    const message = messageOf(() => loadApiConfig(options(base, { ...none, BACKUP_DRILL_SCHEDULE: '0 5 * * 0' })));
    expect(message).toMatch(/^drills of clinic are scheduled \(BACKUP_DRILL_SCHEDULE\)/);
  });
});

describe('hooks', () => {
  it.each(refusedHooks)('%s is refused', (text, expected) => {
    const message = messageOf(() => targetOf(hooks(text)));
    expect(message).toContain(expected);
    expect(message).not.toContain('canary');
  });

  it('the worker reads their secrets, the API does not', () => {
    const text = hooks('{urlVariable: OPS_URL, secretVariable: OPS_KEY}');
    const worker = { BACKUP_ENCRYPTION_KEY: 'pass:0123456789ab', CLINIC_URI: 'mongodb://h/', RESTORE_TARGETS: '' };
    expect(targetOf(text).hooks.before).toMatchObject([{ name: 'OPS_URL', does: { kind: 'http' } }]);
    const load = (more: object) => loadWorkerConfig(options(text, { ...worker, ...more }));
    expect(messageOf(() => load({}))).toMatch(
      /t.yaml:6:25: hooks of clinic: OPS_URL is not set[^]*t.yaml:6:50: hooks of clinic: OPS_KEY is not set/,
    );
    expect(messageOf(() => load({ OPS_URL: 'http://u:canary@169.254.169.254/', OPS_KEY: 'k' }))).toMatch(
      /OPS_URL must not be a link-local[^]*OPS_KEY must have at least 16 bytes/,
    );
    const { boundHooks } = load({ OPS_URL: 'http://u:canary@h/', OPS_KEY: 'k'.repeat(16) }).targets[0] ?? {};
    expect(boundHooks?.before).toHaveLength(1);
    expect(inspect(boundHooks, { depth: 9 })).not.toContain('canary');
  });
});

it('docs/targets.example.yaml is a good file, and shows every option', () => {
  const path = new URL('../../../docs/targets.example.yaml', import.meta.url);
  const text = readFileSync(path, 'utf8');
  const variables = Object.fromEntries(
    [...text.matchAll(/Variable: ([A-Z_]+)/g)].map(([, name = '']) => [name, 'http://h/']),
  );
  expect(messageOf(() => loadApiConfig(options(text, variables)))).toBe('nothing is wrong');
  for (const option of ['replicas', ...[...rows, ...own].map(([name]) => name)])
    expect(text).toMatch(new RegExp(`^[\\s#-]*${option}:`, 'm'));
});

describe('docs/targets.schema.json, as an editor judges by it', () => {
  const schema = readFileSync(new URL('../../../docs/targets.schema.json', import.meta.url), 'utf8');
  const judge = new Ajv2020({ strict: true, strictRequired: false }).compile(JSON.parse(schema) as object);
  const takes = (text: string) => judge(parse(text));

  /** What is wrong, and no form can tell. */
  const readerAlone = new Map([
    ["schedule: '0 5 * *'", 'cron expressions are parsed'],
    ['timezone: Mars/Base', 'the zones are those of the runtime'],
    ['hooks: {before: [{}]}', 'exactly one of four keys: told in words better than by oneOf'],
    ['{shell: x, url: "http://h/"}', 'exactly one of four keys'],
    ['{url: "ftp://h/"}', 'URLs are parsed'],
    ['{url: "http://u:canary@h/"}', 'URLs are parsed'],
    ['{url: "http://169.254.169.254/"}', 'hosts are judged'],
    ['{command: [x], environment: [BACKUP_ENCRYPTION_KEY]}', 'a list of variables that are never given'],
    ['{command: [x], environment: [JWT_SECRET_FILE]}', 'a list of variables that are never given'],
    ['{url: "http://h/", environment: [HOME]}', 'one key beside another'],
    ['{shell: x, secretVariable: KEY}', 'one key beside another'],
  ]);
  const wrong = [
    ...rows.flatMap(([option, , , bad]) => [
      [`${option}: ${bad}`, `${base}    ${option}: ${bad}\n`] as const,
      [`${option}: ${bad}`, `defaults:\n  ${option}: ${bad}\n${base}`] as const,
    ]),
    ...own.map(([option, , , bad]) => [`${option}: ${bad}`, lines(option, bad)] as const),
    ...refusedHooks.map(([text]) => [text, hooks(text)] as const),
  ];

  it.each([...rows, ...own])('takes %s: %s', (option, good) => {
    const own = ['name', 'uriVariable', 'databases'].includes(option);
    const texts = own
      ? [lines(option, good)]
      : [`${base}    ${option}: ${good}\n`, `defaults:\n  ${option}: ${good}\n${base}`];
    for (const text of texts) expect([takes(text), judge.errors]).toEqual([true, null]);
  });

  it.each(wrong)('refuses %s, unless the reader alone can know', (what, text) => {
    expect(takes(text)).toBe(readerAlone.has(what));
  });

  it('leaves nothing to the reader that is no row', () => {
    const whats = new Set<string>(wrong.map(([what]) => what));
    expect([...readerAlone.keys()].filter((what) => !whats.has(what))).toEqual([]);
  });
});
