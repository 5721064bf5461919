import { afterEach, describe, expect, it } from '@jest/globals';
import type { Document } from 'mongodb';
import { Secret, systemClock, type Finding } from '#contracts';
import { startFakeMongod, type FakeMongod, type FakeMongodOptions } from '../../../../test/support/fake-mongod.js';
import { examineSource } from './examine-source.js';
import { clockFinding, sourceFindings } from './source-findings.js';

// Rights and topologies that the server of the test run does not have: a server that says what it is told to.

const signal = new AbortController().signal;
const clinic = { db: 'clinic', name: 'patients', batches: [[{ _id: 1 }]] };
const shop = { db: 'shop', name: 'orders', batches: [[{ _id: 1 }]] };
const fakes: FakeMongod[] = [];
afterEach(async () => {
  for (const fake of fakes.splice(0)) await fake.close();
});

interface Case extends Partial<FakeMongodOptions> {
  readonly path?: string;
  readonly databases?: readonly string[];
  readonly authInfo?: Document;
  readonly limitMs?: number;
}

async function examined({
  path = '',
  databases = [],
  authInfo,
  limitMs = 20_000,
  ...more
}: Case): Promise<Record<string, Finding>> {
  const server = await startFakeMongod({
    collections: [clinic, shop],
    ...more,
    answer: (command) =>
      'connectionStatus' in command && authInfo !== undefined ? { authInfo } : more.answer?.(command),
  });
  fakes.push(server);
  const request = {
    uri: new Secret(`${server.uri}${path}?directConnection=true`),
    databases,
    include: [],
    exclude: [],
  };
  const exam = await examineSource({ request, clock: systemClock, version: '1', selectionMs: 2000, limitMs }, signal);
  return Object.fromEntries(sourceFindings('clinic', exam).map((finding) => [finding.name, finding]));
}

const login = (role: string, ...privileges: Document[]): Document => ({
  authenticatedUsers: [{ user: 'hazina', db: 'admin' }],
  authenticatedUserRoles: [{ role, db: 'admin' }],
  authenticatedUserPrivileges: privileges,
});
const reading = { resource: { db: 'clinic', collection: '' }, actions: ['find', 'listCollections', 'listIndexes'] };
const nobody = { authenticatedUsers: [], authenticatedUserRoles: [], authenticatedUserPrivileges: [] };

describe('a look at a source', () => {
  it('with the rights that it needs: all is well, and the limit of the path is told', async () => {
    const findings = await examined({
      path: 'clinic',
      hello: { setName: 'rs0', localTime: new Date() },
      authInfo: login('read', reading),
    });
    expect(Object.values(findings).map(({ name, status }) => [name, status])).toEqual([
      ['source clinic', 'ok'],
      ['rights clinic', 'ok'],
      ['topology clinic', 'ok'],
      ['clock of clinic', 'ok'],
    ]);
    expect(findings['source clinic']?.detail).toContain('MongoDB 8.0.4 holds clinic');
    expect(findings['source clinic']?.detail).toContain('the path of its URI limits the backup to clinic');
    expect(findings['rights clinic']?.detail).toBe(
      'hazina@admin (read@admin) may read what is backed up, and write nothing',
    );
    expect(findings['topology clinic']?.detail).toContain('the replica set rs0');
  });

  it('too few rights: an error that says which, with the grant', async () => {
    const findings = await examined({ authInfo: login('read', reading) });
    expect(findings['rights clinic']).toMatchObject({
      ...{ status: 'error', code: 'source/refused', hint: expect.stringContaining("['backup']") },
      detail: expect.stringContaining('may not list the databases (listDatabases), nor read every database'),
    });
  });

  it('rights on one of two chosen databases only: the other is named', async () => {
    const findings = await examined({ databases: ['clinic', 'shop'], authInfo: login('read', reading) });
    expect(findings['rights clinic']).toMatchObject({ status: 'error', detail: expect.stringContaining('read shop') });
  });

  it('too many rights: a warning with the roles', async () => {
    const everything = { resource: { anyResource: true }, actions: ['anyAction'] };
    const findings = await examined({ authInfo: login('root', everything) });
    expect(findings['rights clinic']).toMatchObject({
      ...{ status: 'warning', hint: expect.stringContaining('only role is backup') },
      detail: 'hazina@admin (root@admin) may do more than a backup needs: anyAction on everything',
    });
  });

  it('no access control at all: a warning', async () => {
    expect((await examined({ authInfo: nobody }))['rights clinic']).toMatchObject({
      status: 'warning',
      detail: expect.stringContaining('asks for no login'),
    });
  });

  it('a server that tells no privileges: nothing is claimed, and what was tried is told', async () => {
    const { authenticatedUserPrivileges: _, ...untold } = nobody;
    expect((await examined({ authInfo: untold }))['rights clinic']).toMatchObject({
      status: 'skipped',
      detail: expect.stringContaining(
        'does not tell what a user may do; no user is logged in, and listing 2 databases',
      ),
    });
  });

  it('a refusal in the middle is the finding; the rest is told all the same', async () => {
    const findings = await examined({
      authInfo: login('none'),
      answer: (command) =>
        'listDatabases' in command ? { ok: 0, code: 13, errmsg: 'not authorized on admin' } : undefined,
    });
    expect(findings['source clinic']).toMatchObject({ status: 'error', code: 'source/refused' });
    expect(findings['rights clinic']).toMatchObject({ status: 'error', code: 'source/refused' });
    expect(findings['topology clinic']).toMatchObject({ status: 'warning' });
  });

  it('a server that lists for ever: all else is told', async () => {
    const findings = await examined({
      ...{ limitMs: 300, authInfo: nobody },
      answer: (command) => ('listCollections' in command ? 'silence' : undefined),
    });
    expect(findings['source clinic']).toMatchObject({ status: 'warning', hint: expect.stringContaining('--timeout') });
    expect(findings['rights clinic']).toMatchObject({ status: 'warning' });
  });

  it.each([
    ['a standalone', {}, '8.0.4', 'warning', /not of one moment/],
    ['an old replica set', { setName: 'rs0' }, '4.4.0', 'warning', /without snapshots/],
    ['a sharded cluster', { msg: 'isdbgrid' }, '7.0.0', 'ok', /a sharded cluster/],
  ] as const)('%s: how consistent a backup can be', async (_what, hello, version, status, detail) => {
    const findings = await examined({ hello, version, authInfo: nobody });
    expect(findings['topology clinic']).toMatchObject({ status, detail: expect.stringMatching(detail) });
  });

  it('a clock that is off is a doubt', async () => {
    const findings = await examined({ hello: { localTime: new Date(Date.now() - 60_000) }, authInfo: nobody });
    expect(findings['clock of clinic']).toMatchObject({
      status: 'warning',
      detail: expect.stringMatching(/^(59\.[89]|60\.[0-2]) s behind this machine's$/),
      hint: expect.stringContaining('NTP'),
    });
    expect(clockFinding('clock', null)).toMatchObject({ status: 'skipped' });
  });

  it('a server that is not there is an error without a word of the password', async () => {
    const uri = new Secret('mongodb://hazina:canary-secret@127.0.0.1:1/?serverSelectionTimeoutMS=300');
    const request = { uri, databases: [], include: [], exclude: [] };
    const looking = examineSource(
      { request, clock: systemClock, version: '1', selectionMs: 300, limitMs: 20_000 },
      signal,
    );
    const error = (await looking.catch((thrown: unknown) => thrown)) as Error;
    expect(error).toMatchObject({ code: 'source/unreachable' });
    expect(error.message).not.toContain('canary-secret');
  });
});
