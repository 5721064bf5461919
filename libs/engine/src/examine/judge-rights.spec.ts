import { describe, expect, it } from '@jest/globals';
import { judgeRights } from './judge-rights.js';
import type { Privilege } from './read-login.js';

const on = (db: string, collection: string, ...actions: string[]): Privilege => ({
  resource: { db, collection },
  actions,
});
const cluster = (...actions: string[]): Privilege => ({ resource: { cluster: true }, actions });
const read = ['changeStream', 'collStats', 'dbStats', 'find', 'killCursors', 'listCollections', 'listIndexes'];

/** As MongoDB tells the built-in roles. */
const roles = {
  backup: [
    { resource: { anyResource: true }, actions: ['listCollections', 'listIndexes'] },
    cluster('appendOplogNote', 'getParameter', 'listDatabases', 'serverStatus', 'setUserWriteBlockMode'),
    on('', '', 'find'),
    on('', 'system.js', 'find'),
    on('admin', 'system.users', 'find'),
    on('admin', 'system.roles', 'find'),
    on('config', 'settings', 'find', 'insert', 'update'),
    on('admin', 'mms.backup', 'find', 'insert', 'update'),
  ],
  readAnyDatabase: [on('', '', ...read), on('', 'system.js', ...read), cluster('listDatabases')],
  read: [on('clinic', '', ...read), on('clinic', 'system.js', ...read)],
  readWrite: [on('clinic', '', ...read, 'insert', 'remove', 'update', 'createCollection', 'dropCollection')],
  root: [
    { resource: { anyResource: true }, actions: [...read, 'insert', 'remove', 'update', 'dropDatabase'] },
    cluster('listDatabases', 'shutdown', 'replSetReconfig'),
    on('admin', 'system.users', 'find', 'insert'),
  ],
  __system: [{ resource: { anyResource: true }, actions: ['anyAction'] }],
} satisfies Record<string, Privilege[]>;

describe('the rights of a user', () => {
  it('the role backup is what a backup of a whole server needs: no more, no less', () => {
    expect(judgeRights(roles.backup, [])).toEqual({ missing: [], without: [], needless: [] });
    expect(judgeRights(roles.backup, ['clinic'])).toEqual({ missing: [], without: [], needless: [] });
  });

  it('read on a database is what a backup of it needs, and too little for all or for another', () => {
    expect(judgeRights(roles.read, ['clinic'])).toEqual({ missing: [], without: [], needless: [] });
    expect(judgeRights(roles.read, ['clinic', 'shop']).missing).toEqual([
      'read shop (find, listCollections, listIndexes)',
    ]);
    expect(judgeRights(roles.read, [])).toMatchObject({
      missing: ['list the databases (listDatabases)', 'read every database (find, listCollections, listIndexes)'],
    });
  });

  it('readAnyDatabase leaves out users and roles', () => {
    expect(judgeRights(roles.readAnyDatabase, [])).toEqual({
      missing: [],
      without: ['users and roles'],
      needless: [],
    });
  });

  it('no privilege at all is everything missing', () => {
    expect(judgeRights([], ['clinic']).missing).toHaveLength(1);
    expect(judgeRights([on('clinic', 'patients', 'find')], ['clinic']).missing).toHaveLength(1);
  });

  it('users that may write are told where', () => {
    expect(judgeRights(roles.readWrite, ['clinic']).needless).toEqual([
      'insert, remove, update, createCollection on clinic',
    ]);
    expect(judgeRights(roles.root, []).needless).toEqual([
      'insert, remove, update, dropDatabase on everything',
      'shutdown, replSetReconfig on the server itself',
      'insert on admin.system.users',
    ]);
    expect(judgeRights(roles.__system, [])).toEqual({
      missing: [],
      without: [],
      needless: ['anyAction on everything'],
    });
    const many = Array.from({ length: 9 }, (_, n) => on(`db${n}`, '', 'insert'));
    expect(judgeRights(many, []).needless).toHaveLength(5);
    expect(judgeRights(many, []).needless.at(-1)).toBe('5 more');
  });
});
