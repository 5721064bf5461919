import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCache, type Cache } from './cache.js';
import { withLock } from './file-lock.js';
import { ownMark } from './process-mark.js';
import { waitUntil } from './wait-until.js';

let folder: string;
let cache: Cache;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hazina-lock-'));
  cache = openCache({ HAZINA_CACHE_DIR: folder });
});
afterEach(() => rmSync(folder, { recursive: true }));

const quiet = () => undefined;

it('lets one in at a time, says for whom the others wait, and leaves nothing behind', async () => {
  let [inside, most] = [0, 0];
  const said: string[] = [];
  const work = async () => {
    inside += 1;
    most = Math.max(most, inside);
    await waitUntil(() => said.length > 0, { what: 'another one who waits' });
    inside -= 1;
  };
  await Promise.all([1, 2, 3, 4].map(() => withLock(cache, 'work', (text) => said.push(text), work)));
  expect(most).toBe(1);
  expect(said).toContain(`waiting for process ${process.pid}, which is at work on work …`);
  expect(readdirSync(cache.locks)).toEqual([]);
});

it('takes over the lock of a process that is gone', async () => {
  const gone = { ...ownMark(), startedAt: 'an earlier boot' };
  writeFileSync(join(cache.locks, 'work.lock'), JSON.stringify(gone));
  const results = await Promise.all([1, 2].map((n) => withLock(cache, 'work', quiet, () => Promise.resolve(n))));
  expect(results).toEqual([1, 2]);
  expect(readdirSync(cache.locks)).toEqual([]);
});

it('gives up after a time when the holder lives', async () => {
  writeFileSync(join(cache.locks, 'work.lock'), JSON.stringify(ownMark()));
  await expect(withLock(cache, 'work', quiet, () => Promise.resolve(1), 1)).rejects.toThrow('Waited in vain');
});

it('lets the next one in after work that failed', async () => {
  await expect(withLock(cache, 'work', quiet, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await withLock(cache, 'work', quiet, () => Promise.resolve('yes'))).toBe('yes');
});
