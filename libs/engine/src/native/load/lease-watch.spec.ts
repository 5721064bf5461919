import { describe, expect, it } from '@jest/globals';
import { watchLease, type Sighting } from './lease-watch.js';

const lease = { leaseMs: 120_000, beatMs: 20_000 };

/** A clock that only moves while the watcher waits; `gaps` are extra milliseconds after each wait. */
function watch(sightings: string[], gaps: readonly number[] = []) {
  let now = 1000;
  let look = 0;
  let waits = 0;
  const verdict = watchLease<string>(
    () => {
      const mark = sightings[Math.min(look++, sightings.length - 1)] ?? 'gone';
      return Promise.resolve<Sighting<string>>(mark === 'gone' ? 'gone' : { seen: mark, mark });
    },
    lease,
    { now: () => new Date(0), monotonicMs: () => now },
    (ms) => {
      now += ms + (gaps[waits++] ?? 0);
      return Promise.resolve();
    },
  );
  return verdict.then((result) => ({ ...result, waitedMs: now - 1000 }));
}

describe('watchLease', () => {
  it('says stale when nothing moved for the lease', async () => {
    expect(await watch(['1 0'])).toEqual({ kind: 'stale', seen: '1 0', waitedMs: 120_000 });
  });

  it('says alive as soon as the beat moves', async () => {
    expect(await watch(['1 0', '1 0', '1 1'])).toEqual({ kind: 'alive', seen: '1 1', waitedMs: 40_000 });
  });

  it('says gone when it vanishes', async () => {
    expect(await watch(['1 0', 'gone'])).toMatchObject({ kind: 'gone' });
    expect(await watch(['gone'])).toMatchObject({ kind: 'gone', waitedMs: 0 });
  });

  it('begins anew after a gap in which it could not look', async () => {
    // The third wait takes 61 s longer: what was seen before does not count.
    const { kind, waitedMs } = await watch(['1 0'], [0, 0, 61_000]);
    expect(kind).toBe('stale');
    expect(waitedMs).toBe(60_000 + 61_000 + 120_000);
  });
});
