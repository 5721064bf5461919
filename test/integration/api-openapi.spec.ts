import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createConfig, lint } from '@redocly/openapi-core';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createClient } from '#client';
import { clientTypes } from '../../scripts/client-types.mjs';
import { ApiWorld } from '../support/api-world.js';
import { projectRoot } from '../support/run-hazina.js';

interface Operation {
  readonly operationId?: string;
  readonly security?: readonly object[];
  readonly 'x-role'?: string;
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, unknown>>; readonly headers?: object }>
  >;
}
interface Document {
  readonly openapi: string;
  readonly info: Readonly<Record<string, unknown>>;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

let world: ApiWorld;
let served: Document;
beforeAll(async () => {
  world = await ApiWorld.start();
  served = (await world.call('GET', '/docs-json', { token: null })).body as unknown as Document;
});
afterAll(() => world.close());

it('docs/openapi.json is what the API serves: after a change run `npm run openapi`', () => {
  const committed = JSON.parse(readFileSync(join(projectRoot, 'docs/openapi.json'), 'utf8')) as Document;
  const version = 'any';
  expect({ ...committed, info: { ...committed.info, version } }).toEqual({
    ...served,
    info: { ...served.info, version },
  });
});

it('is OpenAPI 3.1; every operation has a name of its own, and those with a role ask for a token and tell their problems', () => {
  expect(served.openapi).toBe('3.1.0');
  const operations = Object.values(served.paths).flatMap((methods) => Object.values(methods));
  const names = operations.map(({ operationId }) => operationId);
  expect(names).not.toContain(undefined);
  expect(new Set(names).size).toBe(operations.length);
  const guarded = operations.filter((operation) => operation['x-role'] !== undefined);
  expect(guarded.length).toBeGreaterThan(10);
  for (const { operationId, security, responses } of guarded) {
    expect([operationId, security]).toEqual([operationId, [{ token: [] }]]);
    for (const status of ['400', '401', '403', '429', '503'])
      expect([operationId, status, responses[status]?.content]).toEqual([
        operationId,
        status,
        { 'application/problem+json': { schema: { $ref: '#/components/schemas/ProblemDto' } } },
      ]);
  }
});

it('names the headers that replies have', () => {
  const operations = Object.values(served.paths).flatMap((methods) => Object.values(methods));
  for (const { operationId, responses } of operations)
    for (const [status, { headers = {} }] of Object.entries(responses))
      expect([operationId, status, Object.keys(headers)]).toEqual([
        operationId,
        status,
        expect.arrayContaining([
          'X-Correlation-Id',
          ...(status === '429' || status === '503' ? ['Retry-After'] : []),
          ...(status === '401' ? ['WWW-Authenticate'] : []),
        ]),
      ]);
  const located = operations.filter(({ responses }) => 'Location' in (responses['202']?.headers ?? {}));
  expect(located.map(({ operationId }) => operationId).sort()).toEqual([
    ...['cleanUp', 'drillBackup', 'restoreBackup', 'rotateKeys', 'syncCatalog', 'triggerBackup'],
  ]);
});

// Before what keeps this process busy for so long that connections which lie idle are closed.
it('the typed client speaks to the API: a list, a problem, a missing token', async () => {
  const client = createClient({ baseUrl: world.url, token: () => world.token('viewer') });
  const list = await client.GET('/api/admin/backups', { params: { query: { limit: 5, sortBy: 'size' } } });
  expect(list.data?.pagination).toMatchObject({ page: 1, limit: 5, total: 0 });
  const backupId = 'clinic-20261123T020000Z-k3f9q2';
  const missing = await client.GET('/api/admin/backups/{backupId}', { params: { path: { backupId } } });
  expect([missing.response.status, missing.error?.type]).toEqual([404, 'https://hazina.dev/problems/backup-not-found']);
  const { response } = await createClient({ baseUrl: world.url }).GET('/api/admin/targets');
  expect(response.status).toBe(401);
});

it('has no problem that the strict rules of Redocly find', async () => {
  // The probes have no 4xx; what a route for people may answer is checked above.
  const rules = { 'operation-4xx-response': 'off' } as const;
  const config = await createConfig({ extends: ['recommended-strict'], rules });
  const problems = await lint({ ref: join(projectRoot, 'docs/openapi.json'), config });
  expect(problems.map(({ ruleId, message, location: [at] }) => [ruleId, message, at?.pointer])).toEqual([]);
});

it('the types of the client are those of the document: after a change run `npm run openapi`', async () => {
  const document = readFileSync(join(projectRoot, 'docs/openapi.json'), 'utf8');
  expect(readFileSync(join(projectRoot, 'libs/client/src/schema.ts'), 'utf8')).toBe(await clientTypes(document));
});
