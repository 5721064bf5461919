import { describe, expect, it } from '@jest/globals';
import type { Document, MongoClient } from 'mongodb';
import { describeTarget } from './target-check.js';

const server = (hello: Document, version = '7.0.20') =>
  ({
    db: () => ({ command: (body: Document) => Promise.resolve(body['hello'] === 1 ? hello : { version }) }),
  }) as unknown as MongoClient;

describe('describeTarget', () => {
  it('refuses a sharded cluster by name', async () => {
    const refused = describeTarget(server({ msg: 'isdbgrid', isWritablePrimary: true }));
    await expect(refused).rejects.toMatchObject({
      code: 'target/unsupported',
      message: expect.stringContaining('sharded'),
    });
  });

  it('refuses a secondary', async () => {
    await expect(describeTarget(server({ isWritablePrimary: false }))).rejects.toMatchObject({
      code: 'target/refused',
    });
  });

  it('takes the limits that the server tells', async () => {
    const hello = { isWritablePrimary: true, maxMessageSizeBytes: 1000, maxWriteBatchSize: 5 };
    expect(await describeTarget(server(hello))).toEqual({
      maxMessageBytes: 1000,
      maxBatchDocuments: 5,
      rawData: false,
      keepsEmptyTimestamps: true,
    });
  });
});
