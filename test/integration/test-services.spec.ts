import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { MongoClient } from 'mongodb';
import {
  createBucket,
  psql,
  removeBucket,
  services,
  startAuthenticatedMongodb,
  startExtraMongodb,
  uniqueDatabase,
} from '../services/services.js';

// What the other tests stand on: the services that a run starts do what test/services says of them.
const kind = services().mongodbKind;
const onFerretdb = kind === 'ferretdb' ? it : it.skip;
const besideOurs = kind === 'external' ? it.skip : it;
const database = uniqueDatabase();
let client: MongoClient;

beforeAll(async () => {
  client = await MongoClient.connect(services().mongodbUri);
  await client
    .db(database)
    .collection<{ _id: number }>('base')
    .insertMany([{ _id: 1 }, { _id: 2 }]);
});

afterAll(async () => {
  await client.db(database).dropDatabase();
  await client.close();
});

describe('the services of a test run', () => {
  it('keeps objects in S3', async () => {
    const { endpoint, region, accessKeyId, secretAccessKey } = services().s3;
    const s3 = new S3Client({ endpoint, region, credentials: { accessKeyId, secretAccessKey }, forcePathStyle: true });
    const bucket = await createBucket();
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'key', Body: 'content' }));
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'key' }));
    expect(await Body?.transformToString()).toBe('content');
    await removeBucket(bucket);
    s3.destroy();
  });

  onFerretdb('makes views on the PostgreSQL side', async () => {
    const view = '{"create":"view","viewOn":"base","pipeline":[{"$match":{"_id":{"$numberInt":"2"}}}]}';
    await psql(`select documentdb_api.create_collection_view('${database}', '${view}'::documentdb_core.bson)`);
    expect(await client.db(database).listCollections({ name: 'view' }).toArray()).toMatchObject([{ type: 'view' }]);
    expect(await client.db(database).collection('view').find().toArray()).toEqual([{ _id: 2 }]);
  });

  onFerretdb('tells what PostgreSQL has against a statement', async () => {
    await expect(psql('selec 1')).rejects.toThrow('syntax error at or near "selec"');
  });

  besideOurs('starts a server that demands a password', async () => {
    const server = await startAuthenticatedMongodb({ password: `p@ss'w/r\\d%"` });
    try {
      await expect(ping(server.uri)).resolves.toMatchObject({ ok: 1 });
      await expect(ping(server.uri.replace(/:[^:@/]*@/, ':wrong@'))).rejects.toMatchObject({ code: 18 });
      await expect(ping(server.anonymousUri)).rejects.toMatchObject({ code: 13 });
    } finally {
      await server.stop();
    }
  });

  besideOurs('starts a server that can be killed and started again', async () => {
    const server = await startExtraMongodb();
    try {
      await expect(ping(server.uri)).resolves.toMatchObject({ ok: 1 });
      await server.kill();
      await expect(ping(server.uri)).rejects.toThrow('ECONNREFUSED');
      await server.restart();
      await expect(ping(server.uri)).resolves.toMatchObject({ ok: 1 });
    } finally {
      await server.stop();
    }
  });
});

async function ping(uri: string) {
  const own = new MongoClient(uri, { serverSelectionTimeoutMS: 500 });
  try {
    return await own.db('admin').command({ listDatabases: 1 });
  } finally {
    await own.close();
  }
}
