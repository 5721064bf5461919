import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { MongoClient } from 'mongodb';
import { services } from '../services/services.js';
import { ApiWorld } from '../support/api-world.js';
import { EventStream } from '../support/event-stream.js';
import { firstIds, firstKey } from '../support/first-parts.js';
import { firstRecords } from '../support/first-records.js';

// A catalogue outlives versions: what the first one wrote is shown by this one, in replies that hold what the OpenAPI document promises.

interface Get {
  readonly operationId: string;
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, { schema: object }>> }>>;
}

let world: ApiWorld;
const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);
let gets: readonly { path: string; schema: object }[];

beforeAll(async () => {
  world = await ApiWorld.start({
    environment: { BACKUP_TARGETS_FILE: '/targets.yaml' },
    files: {
      '/targets.yaml': JSON.stringify({
        targets: [
          { name: 'clinic', uriVariable: 'X_URI', schedule: '0 2 * * *' },
          { name: 'lab', uriVariable: 'X_URI', schedule: 'off' },
        ],
        destinations: { offsite: { kind: 'directory', directory: '/nowhere' } },
      }),
    },
  });
  const client = new MongoClient(services().mongodbUri);
  for (const [collection, documents] of Object.entries(firstRecords))
    await client
      .db(world.database)
      .collection(collection)
      .insertMany(structuredClone([...documents]));
  await client.close();
  await world.core.store.putBytes(firstKey, Buffer.alloc(4_000));
  const document = (await world.call('GET', '/docs-json', { token: null })).body as {
    paths: Record<string, { get?: Get }>;
  };
  ajv.addSchema(document, 'api');
  gets = Object.entries(document.paths).flatMap(([path, { get }]) => {
    const schema = get?.responses['200']?.content?.['application/json']?.schema;
    return schema === undefined ? [] : [{ path, schema }];
  });
});
afterAll(() => world.close());

const ids: Readonly<Record<string, readonly string[]>> = {
  backupId: [firstIds.backup, firstIds.pending],
  ...{ cleanupId: [firstIds.cleanup], rotationId: [firstIds.rotation] },
  ...{ restoreId: [firstIds.restore], drillId: [firstIds.drill] },
};

/** The path with each of the records that are there; of a synchronisation there was none. */
function filled(path: string): string[] {
  const name = /\{(\w+)\}/.exec(path)?.[1];
  return name === undefined ? [path] : (ids[name] ?? []).map((id) => path.replace(`{${name}}`, id));
}

function faults(schema: object, value: unknown): unknown {
  const within = JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"api#/')) as object;
  return ajv.validate(within, value)
    ? []
    : ajv.errors?.map(({ instancePath, message }) => `${instancePath} ${message}`);
}

it('every reply to a GET holds what the document promises', async () => {
  const pending = `/api/admin/backups/${firstIds.pending}/download`;
  const asked = gets.flatMap(({ path, schema }) => filled(path).map((filledPath) => ({ path: filledPath, schema })));
  expect(asked.length).toBeGreaterThan(15);
  for (const { path, schema } of asked) {
    const { status, body } = await world.call('GET', path);
    expect([path, status]).toEqual([path, path === pending ? 409 : 200]);
    if (status === 200) expect([path, faults(schema, body)]).toEqual([path, []]);
  }
});

it('the lists show all of them', async () => {
  // The log has entries of this test as well.
  const audited = '?event=sensitive_delete';
  for (const [list, count] of Object.entries({ backups: 2, restores: 1, drills: 1, [`audit${audited}`]: 1 })) {
    const { body } = await world.call('GET', `/api/admin/${list}`);
    expect([list, (body['data'] as unknown[]).length]).toEqual([list, count]);
  }
  const { body } = await world.get(`/api/admin/backups/${firstIds.backup}`);
  expect(body.replicas).toEqual([expect.objectContaining({ destination: 'offsite', state: 'failed', attempts: 1 })]);
  expect(body).toMatchObject({ consistency: null, lockedUntil: null, cancelRequested: false });
});

it('streams begin with their states: of one that ended, of all that did not', async () => {
  for (const path of [`backups/${firstIds.backup}/events`, 'events']) {
    const authorization = `Bearer ${world.token('viewer')}`;
    const stream = await EventStream.open(`${world.url}/api/admin/${path}`, { authorization });
    expect([path, stream.response.status]).toEqual([path, 200]);
    const { data } = await stream.until(({ event }) => event === 'message', `a state from ${path}`);
    stream.close();
    expect(data['backupId']).toBe(path === 'events' ? firstIds.pending : firstIds.backup);
    expect(faults({ $ref: '#/components/schemas/BackupEventDto' }, data)).toEqual([]);
  }
});
