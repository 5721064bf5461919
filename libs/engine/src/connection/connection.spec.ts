import { createServer, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { MongoNetworkError, MongoServerError, MongoServerSelectionError } from 'mongodb';
import { AppError, Secret } from '#contracts';
import { startFakeMongod } from '../../../../test/support/fake-mongod.js';
import { startTcpProxy } from '../../../../test/support/tcp-proxy.js';
import { connect } from './connect.js';
import { directUri } from './direct-uri.js';
import { redact } from './redact.js';
import { translateMongoError } from './translate-error.js';

const serverError = (code: number, message = 'told so') => new MongoServerError({ message, errmsg: message, code });

async function failure(work: Promise<unknown>): Promise<AppError> {
  const outcome = await work.then(
    () => new Error('it succeeded'),
    (error: unknown) => error,
  );
  if (outcome instanceof AppError) return outcome;
  throw outcome;
}

describe('redact', () => {
  it.each([
    ['see mongodb://u:p@h:1/x for more', 'see mongodb://[redacted]@h:1/x for more'],
    ['mongodb+srv://u:p@h', 'mongodb+srv://[redacted]@h'],
    ['mongodb://u:p/w@d@h', 'mongodb://[redacted]@h'],
    ['mongodb://u:"q"@h', 'mongodb://[redacted]@h'],
    ['mongodb://h:1/x', 'mongodb://h:1/x'],
  ])('%s', (text, expected) => {
    expect(redact(text)).toBe(expected);
  });
});

describe('translateMongoError', () => {
  it.each([
    [serverError(13), 'source/refused', 'no-retry'],
    [serverError(18), 'source/refused', 'no-retry'],
    [serverError(8000), 'source/refused', 'no-retry'],
    [new MongoNetworkError('closed'), 'source/unreachable', 'retry'],
    [Object.assign(new Error('querySrv ENOTFOUND'), { code: 'ENOTFOUND' }), 'source/unreachable', 'retry'],
    [
      new MongoNetworkError('x', { cause: Object.assign(new Error(), { code: 'CERT_HAS_EXPIRED' }) }),
      'source/refused',
      'no-retry',
    ],
    [serverError(43), 'engine/failed', 'retry'],
    [serverError(10107), 'engine/failed', 'retry'],
    [serverError(239), 'engine/failed', 'retry'],
    [serverError(11601, 'operation was interrupted'), 'engine/failed', 'retry'],
    [serverError(9), 'engine/failed', 'no-retry'],
    [new TypeError('x is no function'), 'engine/failed', 'no-retry'],
  ])('%s', (error, code, retry) => {
    expect(translateMongoError(error, 'source', 'dump')).toMatchObject({ code, retry, stage: 'dump' });
  });

  it('finds a refusal below a selection that timed out', () => {
    const reason = { servers: new Map([['h:1', { error: serverError(18) }]]) };
    const error = Object.assign(new MongoServerSelectionError('timed out', {} as never), { reason });
    expect(translateMongoError(error, 'target', 'plan').code).toBe('target/refused');
  });

  it('shows no credentials', () => {
    const told = translateMongoError(serverError(9, 'no mongodb://amina:sesame@h'), 'source', 'dump');
    expect(told.message).not.toMatch(/amina|sesame/);
  });
});

describe('connect', () => {
  const open: { close(): void }[] = [];
  afterEach(() => open.splice(0).forEach((server) => server.close()));

  it.each([
    'postgres://amina:sesame@h/db',
    'mongodb://amina:sesame/@h/db',
    'mongodb://amina:ses%ame@h/db',
    'mongodb://amina:sesame@h:port/db',
    'mongodb://amina:sesame@h/?authMechanism=sesame',
    'mongodb://amina:sesame@h/?tlsCAFile=/no/such/file&tls=true',
  ])('%s is config/invalid, and its credentials stay private', async (uri) => {
    const error = await failure(connect(new Secret(uri), 'source', { serverSelectionTimeoutMs: 200 }));
    expect(error.code).toBe('config/invalid');
    expect(`${error.message} ${error.stack ?? ''} ${String(error.cause)}`).not.toMatch(/amina|sesame/);
  });

  it('says what is wrong where that is no secret', async () => {
    const error = await failure(connect(new Secret('mongodb://amina:sesame@h/?colour=red'), 'source'));
    expect(error.message).toContain('colour');
  });

  it('a port where nobody listens is unreachable', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const uri = new Secret(`mongodb://127.0.0.1:${port}/`);
    const error = await failure(connect(uri, 'source', { serverSelectionTimeoutMs: 200 }));
    expect(error).toMatchObject({ code: 'source/unreachable', retry: 'retry' });
  });

  it('an abort ends the wait for a server that says nothing', async () => {
    const cancel = new AbortController();
    const server = createServer(() => cancel.abort()).listen(0, '127.0.0.1');
    open.push(server);
    await new Promise((resolve) => server.once('listening', resolve));
    const uri = new Secret(`mongodb://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const error = await failure(connect(uri, 'source', { serverSelectionTimeoutMs: 60_000, signal: cancel.signal }));
    expect(error.code).toBe('run/cancelled');
  });
});

describe('destroy', () => {
  it('ends at once, with a server that no longer says anything', async () => {
    const mongod = await startFakeMongod({
      collections: [],
      answer: (sent) => ('ping' in sent ? undefined : 'silence'),
    });
    const proxy = await startTcpProxy(mongod.uri);
    const connection = await connect(new Secret(proxy.uri), 'source', { minPoolSize: 1 });
    const session = connection.client.startSession();
    const asked = connection.db('x').command({ find: 'y' }, { session });
    const failed = expect(asked).rejects.toThrow();
    // Its answer never comes, and neither does one to a new connection.
    proxy.silence();
    await connection.destroy();
    await failed;
    await connection.destroy();
    while (proxy.connections > 0) await new Promise((resolve) => setImmediate(resolve));
    await proxy.close();
    await mongod.close();
  });
});

describe('directUri', () => {
  it.each([
    ['mongodb://a:1,b:2/', {}, 'mongodb://b:2/?directConnection=true'],
    ['mongodb://a:1,b:2', {}, 'mongodb://b:2/?directConnection=true'],
    [
      'mongodb://u:p@a,b/x?replicaSet=r&readPreference=secondary&w=1',
      {},
      'mongodb://u:p@b:2/x?w=1&directConnection=true',
    ],
    [
      'mongodb+srv://u:p@cluster.example/x?srvMaxHosts=2',
      { tls: true, authSource: 'admin' },
      'mongodb://u:p@b:2/x?tls=true&authSource=admin&directConnection=true',
    ],
    [
      'mongodb://u:p@a/x?ssl=true&authSource=y',
      { tls: true, authSource: 'y' },
      'mongodb://u:p@b:2/x?ssl=true&authSource=y&directConnection=true',
    ],
  ])('%s', (uri, facts, expected) => {
    expect(directUri(uri, 'b:2', { tls: false, ...facts })).toBe(expected);
  });
});
