import { describe, expect, it } from '@jest/globals';
import { describeAbilities, lockFindings, protectionFindings, roomFinding, storeFindings } from './store-findings.js';

const good = (check: string, detail = 'fine') => ({ check, ok: true, detail });

describe('findings on a store', () => {
  it('all that works is one line, its clock another', () => {
    expect(
      storeFindings({ location: 's3://b/' }, [good('put'), good('clock', '0 s apart'), good('latency', '3 ms')]),
    ).toEqual([
      { name: 'store', status: 'ok', detail: 's3://b/: put, latency work; 3 ms', hint: null, code: null },
      { name: 'clock of the store', status: 'ok', detail: '0 s apart', hint: null, code: null },
    ]);
  });

  it('what fails, or leaves a doubt, has a line of its own', () => {
    const failed = { check: 'multipart', ok: false, detail: 'came back short', hint: 'Do not trust it' };
    const far = { ...good('latency', '400 ms'), doubtful: true as const, hint: 'Choose a nearer one' };
    const clock = { check: 'clock', ok: false, detail: '600 s apart', hint: 'NTP', code: 'store/failed' as const };
    expect(
      storeFindings({ location: 's' }, [good('put'), failed, far, clock]).map(({ name, status, hint, code }) => [
        name,
        status,
        hint,
        code,
      ]),
    ).toEqual([
      ['store', 'ok', null, null],
      ['store multipart', 'error', 'Do not trust it', 'store/failed'],
      ['store latency', 'warning', 'Choose a nearer one', null],
      ['clock of the store', 'error', 'NTP', 'store/failed'],
    ]);
  });

  it.each([
    ['a bucket', null, 10, 'skipped'],
    ['below the reserve', 99, 10, 'error'],
    ['room for two more', 120, 10, 'warning'],
    ['room for many', 10_000_000, 10, 'ok'],
    ['no backup yet', 120, null, 'ok'],
  ] as const)('room: %s', (_what, freeBytes, newestBytes, status) => {
    expect(roomFinding(freeBytes, { reserveBytes: 100, newestBytes })).toMatchObject({ status });
  });

  it('abilities in words', () => {
    expect(describeAbilities({ conditionalCreate: true, conditionalReplace: false, presign: false })).toBe(
      'creates only what is not there (If-None-Match), does not honour If-Match, signs no URLs',
    );
  });
});

describe('locks', () => {
  const guarded = { versioning: 'on', objectLock: 'on', defaultLock: null, asked: null } as const;
  const lock = { mode: 'governance', days: 14 } as const;

  it('nothing is said where there is no such thing', () => {
    expect(protectionFindings(null)).toEqual([]);
    expect(lockFindings(undefined, [7])).toEqual([]);
    expect(lockFindings(7, [7, 30])).toEqual([]);
  });

  it.each([
    [{ ...guarded, asked: lock }, 'ok', 'each backup is locked: governance, 14 days'],
    [{ ...guarded, versioning: 'off', objectLock: 'off' } as const, 'ok', 'no versions are kept'],
    [{ ...guarded, objectLock: 'unknown', asked: lock } as const, 'warning', 'governance, 14 days'],
    [{ ...guarded, defaultLock: { ...lock, days: 1 } }, 'warning', 'the bucket locks everything by itself'],
    [{ ...guarded, objectLock: 'off', asked: lock } as const, 'error', 'has object lock turned off'],
  ])('%j', (protection, status, text) => {
    expect(protectionFindings(protection)).toEqual([
      expect.objectContaining({ status, detail: expect.stringContaining(text) }),
    ]);
  });

  it('every setting that asks for one is named, whether the bucket gives it or not', () => {
    const asks = ['clinic', 'shop'].map((name) => ({ ...lock, by: `objectLock of the target ${name}` }));
    expect(protectionFindings({ ...guarded, objectLock: 'off' }, asks, 'versions and locks of offsite')).toEqual([
      {
        ...{ name: 'versions and locks of offsite', status: 'error', code: 'store/unsupported' },
        detail: expect.stringContaining('(objectLock of the target clinic; objectLock of the target shop)'),
        hint: expect.stringContaining('Make the bucket with object lock'),
      },
    ]);
    expect(protectionFindings(guarded, asks)[0]?.detail).toContain(
      'backups are locked: governance, 14 days (objectLock of the target clinic); governance, 14 days (objectLock of the target shop)',
    );
    const many = Array.from({ length: 9 }, (_one, at) => ({ ...lock, by: `target ${at}` }));
    expect(protectionFindings({ ...guarded, objectLock: 'off' }, many)[0]?.detail).toContain('target 4; and 4 more)');
    // What the store asks for by itself is asked for by nobody where the caller says so.
    expect(protectionFindings({ ...guarded, objectLock: 'off', asked: lock }, [])).toMatchObject([{ status: 'ok' }]);
  });

  it('one that outlives retention is a doubt', () => {
    expect(lockFindings(30, [7, 90])).toEqual([expect.objectContaining({ status: 'warning' })]);
  });
});
