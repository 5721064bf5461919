import { expect, it } from '@jest/globals';
import { op } from '../store/record-collection.js';
import { longTotals } from './long-totals.js';

function world(total: number, tookMs = 0) {
  const state = { total, now: 0, counts: 0 };
  const count = (): Promise<number> => {
    state.counts += 1;
    state.now += tookMs;
    return Promise.resolve(state.total);
  };
  return { state, totalOf: longTotals(count, () => state.now) };
}

it('counts a short list whenever it is asked for', async () => {
  const { state, totalOf } = world(1_000);
  expect(await totalOf({ listed: true })).toBe(1_000);
  state.total = 1_001;
  expect(await totalOf({ listed: true })).toBe(1_001);
  expect(state.counts).toBe(2);
});

it('counts a long list once a second, each filter by itself', async () => {
  const { state, totalOf } = world(5_000);
  expect(await totalOf({ listed: true })).toBe(5_000);
  state.total = 5_001;
  state.now = 749;
  expect(await totalOf({ listed: true })).toBe(5_000);
  expect(await totalOf({ listed: true, createdAt: op({ $gte: new Date(0) }) })).toBe(5_001);
  expect(await totalOf({ listed: true, createdAt: op({ $gte: new Date(1) }) })).toBe(5_001);
  state.now = 1_000;
  expect(await Promise.all([totalOf({ listed: true }), totalOf({ listed: true })])).toEqual([5_001, 5_001]);
  expect(state.counts).toBe(4);
});

it('forgets a total that could not be counted anew, and a list that has become short', async () => {
  const { state, totalOf } = world(5_000);
  await totalOf({ listed: true });
  state.now = 1_000;
  state.total = 10;
  expect(await totalOf({ listed: true })).toBe(10);
  state.total = 11;
  expect(await totalOf({ listed: true })).toBe(11);

  let broken = false;
  let now = 0;
  const failing = longTotals(
    () => (broken ? Promise.reject(new Error('down')) : Promise.resolve(5_000)),
    () => now,
  );
  await failing({});
  broken = true;
  now = 2_000;
  await expect(failing({})).rejects.toThrow('down');
  broken = false;
  expect(await failing({})).toBe(5_000);
});

it.each([
  ['ten times as long as counting takes', 300, 3_000],
  ['half a minute at most', 5_900, 30_000],
])('keeps a total %s', async (_name, tookMs, keptMs) => {
  const { state, totalOf } = world(5_000, tookMs);
  await totalOf({});
  state.total = 5_001;
  state.now = keptMs * 0.75 - 1;
  expect([await totalOf({}), state.counts]).toEqual([5_000, 1]);
  state.now = keptMs;
  expect([await totalOf({}), state.counts]).toEqual([5_001, 2]);
});

it('keeps the totals of many lists longer, each by how many there are', async () => {
  const { state, totalOf } = world(5_000, 100);
  const lists = [1, 2, 3, 4].map((day) => ({ listed: true, createdAt: op({ $gte: new Date(day) }) }));
  for (const list of lists) await totalOf(list);
  // The fourth of four: ten times 100 ms, four times over. The first knew of no other.
  state.now = 300 + 1_500;
  state.counts = 0;
  for (const list of lists.toReversed()) await totalOf(list);
  expect(state.counts).toBe(2);
});

it('renews one total at a time beside the requests; one whose time is over is counted at once', async () => {
  const counts: (() => void)[] = [];
  let now = 0;
  const totalOf = longTotals(
    () => new Promise((resolve) => counts.push(() => resolve(5_000))),
    () => now,
  );
  const lists = ['a', 'b', 'c'].map((target) => ({ target }));
  const first = lists.map(totalOf);
  for (const end of counts) end();
  await Promise.all(first);
  now = 800;
  expect(await Promise.all(lists.map(totalOf))).toEqual([5_000, 5_000, 5_000]);
  expect(counts).toHaveLength(4);
  counts[3]?.();
  await new Promise(setImmediate);
  await Promise.all(lists.map(totalOf));
  expect(counts).toHaveLength(5);
  now = 1_000;
  const late = lists.slice(1).map(totalOf);
  expect(counts).toHaveLength(6);
  for (const end of counts) end();
  expect(await Promise.all(late)).toEqual([5_000, 5_000]);
});

it('counts beside what is asked for all the time, and gives out no total beyond its time', async () => {
  const counts: ((end: number | Error) => void)[] = [];
  let now = 0;
  const totalOf = longTotals(
    () =>
      new Promise((resolve, reject) => {
        counts.push((end) => (typeof end === 'number' ? resolve(end) : reject(end)));
      }),
    () => now,
  );
  const first = totalOf({});
  counts[0]?.(5_000);
  await first;
  now = 750;
  expect(await Promise.all([totalOf({}), totalOf({})])).toEqual([5_000, 5_000]);
  expect(counts).toHaveLength(2);
  counts[1]?.(new Error('down'));
  await expect(Promise.resolve()).resolves.toBeUndefined();
  now = 800;
  // A count that failed beside takes nothing away.
  expect(await totalOf({})).toBe(5_000);
  now = 1_000;
  const late = [totalOf({}), totalOf({})];
  counts.at(-1)?.(5_002);
  expect(await Promise.all(late)).toEqual([5_002, 5_002]);
});
