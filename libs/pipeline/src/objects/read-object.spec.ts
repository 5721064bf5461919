import { buffer } from 'node:stream/consumers';
import { expect, it } from '@jest/globals';
import { AppError } from '#contracts';
import { createMemoryStore } from '#storage';
import { FaultyStore } from '../../../../test/support/faulty-store.js';
import { readObject } from './read-object.js';

it('says of an object that is removed while it is read what is said of one that was not there', async () => {
  const store = new FaultyStore(createMemoryStore());
  await store.putBytes('a/data.hzn', Buffer.alloc(1_000, 1));
  const dropped = new AppError({ code: 'store/unreachable', stage: 'store', retry: 'retry', message: 'dropped' });
  store.on('get', { kind: 'cut', after: 400, error: dropped }, { times: 1 });
  const reading = readObject(store, 'a/data.hzn', { bytes: 1_000, pauseMs: 50 });
  reading.once('readable', () => void store.delete('a/data.hzn'));
  await expect(buffer(reading)).rejects.toMatchObject({
    code: 'backup/missing',
    message: expect.stringContaining('a/data.hzn is not in ') as unknown as string,
  });
});
