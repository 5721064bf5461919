import { describe, expect, it } from '@jest/globals';
import { Secret } from '#contracts';
import type { LoadRequest } from '../engine.js';
import type { PreludeCollection } from '#archive';
import { loadRequestTo } from '../../../../test/support/load-request.js';
import { restoreArguments } from './restore-arguments.js';
import { chooseEntries } from './restored-entries.js';

const everything = loadRequestTo(new Secret('mongodb://one'));
const namespace = (name: string, more: Partial<PreludeCollection> = {}): PreludeCollection => {
  const [db = '', ...rest] = name.split('.');
  return { db, collection: rest.join('.'), type: 'collection', metadata: '{"indexes":[]}', ...more };
};
const header = { concurrentCollections: 1, version: '0.1', serverVersion: '7.0.0', toolVersion: 'x' };

function decide(collections: readonly PreludeCollection[], changes: Partial<LoadRequest>) {
  const { entries } = chooseEntries({ ...header, collections }, { ...everything, ...changes });
  return { entries, args: restoreArguments(collections, entries) };
}

/** The patterns of an option, as mongorestore reads them (mongo-tools, mongorestore/ns/ns.go). */
const patterns = (args: readonly string[], option: string) =>
  args.filter((arg) => arg.startsWith(`--${option}=`)).map((arg) => arg.slice(option.length + 3));
function toRegExp(pattern: string): RegExp {
  const source = pattern.replaceAll(/\\(.)|(\*)|([\s\S])/g, (_all, escaped?: string, star?: string, plain?: string) =>
    star === undefined ? (escaped ?? plain ?? '').replace(/[.*+?^${}()|[\]\\]/, '\\$&') : '(.*?)',
  );
  return new RegExp(`^${source}$`, 's');
}
/** Where mongorestore puts each namespace of the archive. */
function obey(args: readonly string[], collections: readonly PreludeCollection[]): string[] {
  const [include, exclude] = [patterns(args, 'nsInclude'), patterns(args, 'nsExclude')];
  const renames = patterns(args, 'nsFrom').map((from, at) => ({ from, to: patterns(args, 'nsTo')[at] ?? '' }));
  return collections
    .map(({ db, collection }) => `${db}.${collection}`)
    .filter((name) => include.length === 0 || include.some((pattern) => toRegExp(pattern).test(name)))
    .filter((name) => !exclude.some((pattern) => toRegExp(pattern).test(name)))
    .map((name) => {
      // The last one that fits.
      const rename = renames.findLast(({ from }) => toRegExp(from).test(name));
      if (rename === undefined) return name;
      const [, ...stars] = toRegExp(rename.from).exec(name) ?? [];
      return rename.to.replaceAll(/\\(.)|\*/g, (_all, escaped?: string) => escaped ?? stars.shift() ?? '');
    })
    .sort();
}
const names = (entries: readonly { db: string; collection: string }[]) =>
  entries.map(({ db, collection }) => `${db}.${collection}`).sort();

const archived = [
  'a.b',
  'a.b.c',
  'a.x',
  'a.system.js',
  'a._hazina_restore',
  'admin.own',
  'admin.system.users',
  'b.x',
  'b.y*z',
  'b.y_z',
  'b.back\\slash',
  'config.settings',
  'ab.x',
].map((name) => namespace(name));

describe('mongorestore is told what the native engine would choose', () => {
  it.each<Partial<LoadRequest>>([
    {},
    { databases: ['a'] },
    { databases: ['a', 'b'], include: ['*.x'] },
    { databases: ['a'], include: ['a.x', 'b.x'] },
    { databases: ['b'], include: ['b'], exclude: ['b.x'] },
    { include: ['*.x'] },
    { include: ['a.b'] },
    { exclude: ['a.*', '*.x'] },
    { include: ['b.y\\*z', 'b.back\\\\slash'] },
    { exclude: ['b.y*'] },
    { rename: [{ from: 'a', to: 'c' }] },
    {
      rename: [
        { from: 'a.b', to: 'c.d' },
        { from: 'a', to: 'c' },
      ],
    },
    {
      rename: [
        { from: 'a', to: 'c' },
        { from: 'a.b', to: 'a.b' },
      ],
    },
    {
      rename: [
        { from: 'a.b', to: 'a.x' },
        { from: 'a.x', to: 'a.b' },
      ],
    },
    { databases: ['b'], rename: [{ from: 'b', to: 'z\\*' }] },
  ])('%j', (changes) => {
    const { entries, args } = decide(archived, changes);
    expect(obey(args, archived)).toEqual(names(entries));
  });

  it('a collection goes before its database', () => {
    const rename = [
      { from: 'a.b', to: 'c.d' },
      { from: 'a', to: 'c' },
    ];
    expect(decide([namespace('a.b'), namespace('a.x')], { rename }).args).toEqual([
      '--numInsertionWorkersPerCollection=4',
      '--nsFrom=a.*',
      '--nsTo=c.*',
      '--nsFrom=a.b',
      '--nsTo=c.d',
    ]);
  });

  it('everything needs no word, and whole databases one', () => {
    const many = ['a', 'b'].flatMap((db) => Array.from({ length: 2000 }, (_, at) => namespace(`${db}.c${at}`)));
    expect(decide(many, {}).args).toHaveLength(1);
    expect(decide(many, { databases: ['a'] }).args.slice(1)).toEqual(['--nsInclude=a.*']);
    expect(decide(many, { exclude: ['b.c7'] }).args.slice(1)).toEqual(['--nsExclude=b.c7']);
  });

  it('nothing that may be loaded: everything is left out', () => {
    const { args } = decide([namespace('admin.system.users')], {});
    expect(args.slice(1)).toEqual(['--nsExclude=admin.*']);
  });

  it('users and roles are left out, unless they are asked for', () => {
    const collections = ['a.b', 'admin.own', 'admin.system.users', 'admin.system.version'].map((name) =>
      namespace(name),
    );
    const { entries, args } = decide(collections, {});
    expect(args.slice(1)).toEqual(['--nsInclude=a.*', '--nsInclude=admin.own']);
    expect(restoreArguments(collections, entries, { usersAndRoles: true })).toHaveLength(1);
  });

  it('the data of a time series is renamed under both of its names', () => {
    const rename = [{ from: 'a.t', to: 'a.u' }];
    expect(decide([namespace('a.t', { type: 'timeseries' })], { rename }).args.slice(1)).toEqual([
      '--nsFrom=a.t',
      '--nsTo=a.u',
      '--nsFrom=a.system.buckets.t',
      '--nsTo=a.system.buckets.u',
    ]);
  });

  it('a capped collection keeps its order', () => {
    const metadata = '{"options":{"capped":true,"size":{"$numberInt":"4096"}},"indexes":[]}';
    expect(decide([namespace('a.b', { metadata })], {}).args).toEqual(['--maintainInsertionOrder']);
  });
});

describe('what it cannot be told', () => {
  it('a $ is no letter there', () => {
    const dollar = [namespace('a.x$y'), namespace('a.z')];
    expect(decide(dollar, {}).args).toHaveLength(1);
    expect(decide(dollar, { include: ['a.z'] }).args.slice(1)).toEqual(['--nsInclude=a.z']);
    expect(decide(dollar, { exclude: ['a.z'] }).args.slice(1)).toEqual(['--nsExclude=a.z']);
    const unsupported = expect.objectContaining({ code: 'engine/unsupported' });
    expect(() => decide([...dollar, namespace('a.p$q')], { exclude: ['a.p*'] })).toThrow(unsupported);
    expect(() => decide(dollar, { rename: [{ from: 'a.x$y', to: 'a.w' }] })).toThrow(unsupported);
  });

  it('more names than a command line holds', () => {
    const many = Array.from({ length: 240 }, (_, at) => namespace(`a.${'n'.repeat(10_000)}${at}`));
    const odd = many.filter((_, at) => at % 2 === 0).map(({ collection }) => `a.${collection}`);
    expect(() => decide(many, { include: odd })).toThrow(
      expect.objectContaining({ code: 'engine/unsupported', hint: expect.stringContaining('native') as unknown }),
    );
  });

  it.each([
    [{ rename: [{ from: 'zzz', to: 'y' }] }, /selected of that name/],
    [{ databases: ['zzz'] }, /fits the selection/],
  ] as const)('refuses what the native engine refuses: %j', (changes, message) => {
    expect(() => decide(archived, changes)).toThrow(message);
  });
});
