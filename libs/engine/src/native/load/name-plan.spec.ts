import { describe, expect, it } from '@jest/globals';
import { Secret } from '#contracts';
import type { LoadRequest } from '../../engine.js';
import { loadRequestTo } from '../../../../../test/support/load-request.js';
import { planNames, type ArchivedNamespace } from './name-plan.js';

const request = loadRequestTo(new Secret('mongodb://one'));
const namespace = (name: string, type: ArchivedNamespace['type'] = 'collection'): ArchivedNamespace => {
  const [db = '', ...rest] = name.split('.');
  return { db, collection: rest.join('.'), type };
};
const names = (archived: readonly string[], changes: Partial<LoadRequest> = {}) =>
  planNames(
    archived.map((name) => namespace(name)),
    { ...request, ...changes },
  ).entries.map(({ db, collection }) => `${db}.${collection}`);

describe('planNames', () => {
  it('takes everything, in order of names', () => {
    expect(names(['b.x', 'a.z', 'a.b.c'])).toEqual(['a.b.c', 'a.z', 'b.x']);
  });

  it('selects by the names of the archive, then renames', () => {
    const changes = { databases: ['a'], exclude: ['a.secret'], rename: [{ from: 'a', to: 'c' }] };
    expect(names(['a.x', 'a.secret', 'b.x'], changes)).toEqual(['c.x']);
    expect(names(['a.x', 'a.y'], { rename: [{ from: 'a.x', to: 'd.z' }] })).toEqual(['a.y', 'd.z']);
  });

  it('swaps two names', () => {
    const rename = [
      { from: 'a.x', to: 'a.y' },
      { from: 'a.y', to: 'a.x' },
    ];
    expect(names(['a.x', 'a.y'], { rename })).toEqual(['a.x', 'a.y']);
  });

  it('refuses a rename of what is not there', () => {
    expect(() => names(['a.x'], { rename: [{ from: 'b', to: 'c' }] })).toThrow('holds nothing selected of that name');
  });

  it('refuses two under one name', () => {
    expect(() => names(['a.x', 'b.x'], { rename: [{ from: 'a', to: 'b' }] })).toThrow('would both become b.x');
  });

  it('leaves out what is not data, with a note', () => {
    const archived = [
      '.oplog',
      'a._hazina_restore',
      'a._hazina_scratch',
      'a.system.js',
      'admin.system.users',
      'admin.own',
      'config.settings',
      'local.x',
    ];
    expect(names(archived)).toEqual(['admin.own']);
    const { notes } = planNames(
      archived.map((name) => namespace(name)),
      request,
    );
    expect(notes).toHaveLength(7);
  });

  it('refuses the state of queryable encryption only when it is chosen', () => {
    expect(() => names(['a.enxcol_.x.esc'])).toThrow(/enxcol_\.x\.esc.*queryable encryption/);
    expect(names(['a.enxcol_.x.esc', 'a.x'], { exclude: ['a.enxcol_.*'] })).toEqual(['a.x']);
  });

  it('refuses a selection that fits nothing, but restores an archive that holds nothing', () => {
    expect(() => names(['a.x'], { databases: ['b'] })).toThrow('nothing that fits');
    expect(names([], { databases: ['b'] })).toEqual([]);
  });
});
