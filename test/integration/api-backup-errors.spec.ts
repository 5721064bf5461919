import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { ApiWorld, type ApiReply } from '../support/api-world.js';

// Scrypt and a busy machine take their time; nothing here waits for a fixed one.
jest.setTimeout(60_000);

// Error handling: what is refused, and how it is told.

let world: ApiWorld;
beforeAll(async () => {
  world = await ApiWorld.start({ environment: { BACKUP_TARGET_NAME: 'wiki' } });
});
afterAll(() => world.close());

const problem = (reply: ApiReply) => ({
  status: reply.status,
  code: String(reply.body['type']).replace('https://hazina.dev/problems/', ''),
});

describe('refused input', () => {
  const queries: [string, string[]][] = [
    ['limit=0', ['limit']],
    ['limit=101', ['limit']],
    ['limit=1e9', ['limit']],
    ['limit=', ['limit']],
    ['limit=1&limit=2', ['limit']],
    ['page=0', ['page']],
    ['page=-1', ['page']],
    ['page=1.5', ['page']],
    ['page=0x10', ['page']],
    ['status=unknown', ['status']],
    ['status[$ne]=x', ['status[$ne]']],
    ['trigger=manual%00', ['trigger']],
    ['sortBy=$where', ['sortBy']],
    ['sortBy=claim.owner', ['sortBy']],
    ['sortOrder=up', ['sortOrder']],
    ['target=UPPER', ['target']],
    ['target[$regex]=.*', ['target[$regex]']],
    ['from=yesterday', ['from']],
    ['from=2026-02-30', ['from']],
    ['to=1', ['to']],
    ['from=2026-10-02&to=2026-10-01', ['from']],
    ['unknown=1', ['unknown']],
    ['__proto__[x]=1', ['__proto__[x]']],
  ];
  it.each(queries)('GET backups?%s names the field', async (query, fields) => {
    const reply = await world.get(`/api/admin/backups?${query}`);
    expect(problem(reply)).toEqual({ status: 400, code: 'request-invalid' });
    expect([...new Set((reply.body.errors as { field: string }[]).map(({ field }) => field))]).toEqual(fields);
  });

  const bodies: [string, unknown][] = [
    ['an operator', { target: { $ne: null } }],
    ['a number', { target: 7 }],
    ['null instead of a target', { target: null }],
    ['null instead of a yes or no', { target: 'wiki', pinned: null }],
    ['null instead of a label', { target: 'wiki', label: null }],
    ['an unknown field', { uri: 'mongodb://x' }],
    ['a list', []],
    ['a list of objects', [{}]],
    ['a text', '"clinic"'],
    ['a prototype', '{"__proto__": {"target": "clinic"}}'],
    ['a label of two lines', { target: 'wiki', label: 'a\nb' }],
    ['a label with an escape', { target: 'wiki', label: '\u001b[2J' }],
    ['a long label', { target: 'wiki', label: 'x'.repeat(201) }],
    ['a pinned that is a text', { target: 'wiki', pinned: 'yes' }],
    ['no JSON', '{"target"'],
    ['nothing valid', 'null'],
  ];
  it.each(bodies)('trigger with %s is 400 and makes nothing', async (_name, body) => {
    const before = (await world.documents('backups')).length;
    const reply = await world.post('/api/admin/backups/trigger', body);
    expect(problem(reply)).toEqual({ status: 400, code: 'request-invalid' });
    expect((await world.documents('backups')).length).toBe(before);
  });

  it('a body of another type is refused, not overlooked', async () => {
    const reply = await world.post('/api/admin/backups/trigger', '{"target":"wiki"}', {
      headers: { 'content-type': 'text/plain' },
    });
    expect(problem(reply)).toEqual({ status: 400, code: 'request-invalid' });
  });
});

describe('another method than those of a path', () => {
  it.each([
    ['POST', '/health/ready', 'GET, HEAD'],
    ['DELETE', '/metrics', 'GET, HEAD'],
    ['PUT', '/api/admin/backups/wiki-20261123T020000Z-k3f9q2', 'DELETE, GET, HEAD, PATCH'],
    // Paths of their own, though a backup's id could stand there.
    ['PUT', '/api/admin/backups/stats', 'GET, HEAD'],
    ['PUT', '/api/admin/backups/trigger', 'POST'],
  ])('%s %s is told: %s', async (method, path, allowed) => {
    const reply = await world.call(method, path, {});
    expect({ status: reply.status, allow: reply.headers.get('allow') }).toEqual({ status: 405, allow: allowed });
  });
});

describe('every error', () => {
  const calls: [string, string, string, { body?: unknown; token?: null }, number][] = [
    ['an unknown route', 'GET', '/api/admin/nope', {}, 404],
    ['an unknown route outside of /api', 'GET', '/nope', {}, 404],
    ['another method', 'PUT', '/api/admin/backups', {}, 405],
    ['a malformed path', 'GET', '/api/admin/backups/%E0%A4%A', {}, 400],
    ['a malformed path outside of /api', 'GET', '/%E0%A4%A', {}, 404],
    ['malformed JSON', 'POST', '/api/admin/backups/trigger', { body: '{"target": "mongodb://u:sEcReT@h' }, 400],
    ['a body over 64 KiB', 'POST', '/api/admin/backups/trigger', { body: { label: 'x'.repeat(64 * 1024) } }, 413],
    ['no token', 'GET', '/api/admin/backups', { token: null }, 401],
    ['no such route', 'POST', '/api/admin/backups/wiki-20261123T020000Z-k3f9q2/forget', { body: {} }, 404],
    ['another method of another path', 'DELETE', '/api/admin/targets', {}, 405],
    ['another method outside of /api', 'POST', '/health/live', {}, 405],
  ];
  it.each(calls)('is a problem document: %s', async (_name, method, path, call, status) => {
    const reply = await world.call(method, path, call);
    expect(reply.headers.get('content-type')).toBe('application/problem+json');
    expect({ ...reply.body, errors: undefined }).toEqual({
      type: expect.stringMatching(/^https:\/\/hazina\.dev\/problems\/[a-z]+(-[a-z]+)+$/) as unknown,
      title: expect.any(String) as unknown,
      status,
      detail: expect.any(String) as unknown,
      instance: path,
      correlationId: reply.headers.get('x-correlation-id'),
      errors: undefined,
    });
    expect(reply.status).toBe(status);
    expect(reply.text).not.toMatch(/sEcReT|node_modules|\.[jt]s:|at [A-Z]\w+\./);
  });

  it('takes a body of just under 64 KiB for what it says', async () => {
    const body = `{"label": ${' '.repeat(64 * 1024 - 40)} 7}`;
    expect(problem(await world.post('/api/admin/backups/trigger', body))).toEqual({
      status: 400,
      code: 'request-invalid',
    });
  });

  it('that nobody expected tells nothing of itself, and stands in the log', async () => {
    const broken = await ApiWorld.start({
      parts: (core) => ({
        catalog: {
          ...core.catalog,
          backups: { ...core.catalog.backups, list: () => Promise.reject(new Error('mongodb://u:sEcReT@h refused')) },
        },
      }),
    });
    try {
      const reply = await broken.get('/api/admin/backups');
      expect(problem(reply)).toEqual({ status: 500, code: 'internal-unexpected' });
      expect(reply.text).not.toMatch(/sEcReT|refused/);
      const logged = broken.lines.join('');
      expect(logged).toContain('mongodb://[redacted]@h refused');
      expect(logged).toContain(reply.headers.get('x-correlation-id') ?? 'none');
      expect(logged).not.toContain('sEcReT');
    } finally {
      await broken.close();
    }
  });
});
