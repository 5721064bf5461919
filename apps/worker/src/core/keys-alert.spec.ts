import { describe, expect, it } from '@jest/globals';
import { systemClock } from '#contracts';
import { settleKeysAlert } from './keys-alert.js';

interface Fleet {
  readonly openingKeyIds: readonly string[];
  /** What each look finds of the others; the last one from then on. */
  readonly others?: readonly (readonly object[])[];
}

const alive = { workerId: 'other', sinceBeatMs: 0, beatSeconds: 1 };
const backups = [
  { backupId: 'old', keyIds: ['k1'] },
  { backupId: 'new', keyIds: ['k2', 'k3'] },
];

/** What was done: `raised: …`, `cleared`. */
async function settled({ openingKeyIds, others = [[]] }: Fleet, signal = new AbortController().signal) {
  const done: string[] = [];
  let looks = 0;
  const catalog = {
    backups: { completed: () => Promise.resolve(backups) },
    workers: { all: () => Promise.resolve(others[Math.min(looks++, others.length - 1)]) },
    alerts: {
      raise: ({ message }: { message: string }) => {
        done.push(`raised: ${message}`);
        return Promise.resolve(null);
      },
      clear: () => {
        done.push('cleared');
        return Promise.resolve(null);
      },
    },
  };
  const parts = {
    ...{ catalog, openingKeyIds, owner: 'me', clock: systemClock, channels: [], queue: {} },
    config: { lease: { beatMs: 1 } },
  };
  await settleKeysAlert(parts as unknown as Parameters<typeof settleKeysAlert>[0], signal);
  return done;
}

describe('the alert of missing keys', () => {
  it('names what no worker opens, and the keys', async () => {
    expect(await settled({ openingKeyIds: ['k1'] })).toEqual([
      'raised: No worker opens 1 of the kept backups, the newest of them new: none has the keys k2, k3',
    ]);
    expect(await settled({ openingKeyIds: ['k2'] })).toEqual([expect.stringContaining('none has the key k1')]);
  });

  it('ends where our own keys open everything', async () => {
    expect(await settled({ openingKeyIds: ['k1', 'k3'] })).toEqual(['cleared']);
  });

  it.each([
    ['opens what we do not', { ...alive, keyIds: ['k1', 'k2'], openingKeyIds: ['k1', 'k2'] }, 'cleared'],
    ['of an older version reads', { ...alive, keyIds: ['k1', 'k2'], reads: true }, 'cleared'],
    ['of an older version only writes', { ...alive, keyIds: ['k1', 'k2'], reads: false }, 'raised'],
    ['has public keys', { ...alive, keyIds: ['k1', 'k2'], openingKeyIds: ['k2'] }, 'raised'],
    ['is gone', { ...alive, sinceBeatMs: 4_000, keyIds: ['k1', 'k2'], openingKeyIds: ['k1', 'k2'] }, 'raised'],
    ['is this one, before a reload', { ...alive, workerId: 'me', keyIds: ['k1'], openingKeyIds: ['k1'] }, 'raised'],
  ])('looks at the others: one that %s', async (_name, other, what) => {
    const [first] = await settled({ openingKeyIds: ['k2'], others: [[other]] });
    expect(first).toMatch(new RegExp(`^${what}`));
  });

  it('waits for a worker that has not said yet what it has', async () => {
    const others = [[], [{ ...alive, keyIds: ['k1'], openingKeyIds: ['k1'] }]];
    expect(await settled({ openingKeyIds: ['k2'], others })).toEqual(['cleared']);
  });

  it('is left as it is when the worker ends meanwhile', async () => {
    await expect(settled({ openingKeyIds: [] }, AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
  });
});
