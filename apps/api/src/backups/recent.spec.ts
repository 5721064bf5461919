import { expect, it } from '@jest/globals';
import { Recent } from './recent.js';

let now = 0;
const recent = (): Recent<number> => new Recent({ leastMs: 1_000, mostMs: 10_000, monotonicMs: () => now });

it('looks once for all who ask within the time, and anew after it', async () => {
  const answers = recent();
  let looks = 0;
  const ask = (key = 'a'): Promise<number> => answers.get(key, () => Promise.resolve((looks += 1)));
  expect(await Promise.all([ask(), ask(), ask()])).toEqual([1, 1, 1]);
  now += 999;
  expect(await ask()).toBe(1);
  expect(await ask('b')).toBe(2);
  now += 1;
  expect(await ask()).toBe(3);
  expect(await ask('b')).toBe(2);
});

it.each([
  ['ten times as long as it took', 400, 4_000],
  ['ten seconds at most', 2_500, 10_000],
])('keeps an answer %s', async (_name, tookMs, keptMs) => {
  const answers = recent();
  let looks = 0;
  const ask = (): Promise<number> =>
    answers.get('a', () => {
      now += tookMs;
      return Promise.resolve((looks += 1));
    });
  const began = now;
  await ask();
  now = began + keptMs - 1;
  expect(await ask()).toBe(1);
  now += 1;
  expect(await ask()).toBe(2);
});

it('keeps one of many questions longer, where each is looked up by itself', async () => {
  const answers = new Recent<number>({ leastMs: 1_000, mostMs: 5_000, times: 100, monotonicMs: () => now });
  let looks = 0;
  const ask = (tookMs: number): Promise<number> =>
    answers.get('a', () => {
      now += tookMs;
      return Promise.resolve((looks += 1));
    });
  const began = now;
  await ask(30);
  now = began + 2_999;
  expect(await ask(0)).toBe(1);
  now += 1;
  expect(await ask(0)).toBe(2);
});

it('never looks twice at once, however long it takes', async () => {
  const answers = recent();
  let looks = 0;
  let end: (value: number) => void = () => undefined;
  const ask = (): Promise<number> =>
    answers.get('a', () => {
      looks += 1;
      return new Promise((resolve) => (end = resolve));
    });
  const first = ask();
  now += 20_000;
  const second = ask();
  end(7);
  expect(await Promise.all([first, second])).toEqual([7, 7]);
  expect(looks).toBe(1);
  // It began long ago: who asks now wants to know how it is now.
  const third = ask();
  end(8);
  expect(await third).toBe(8);
});

it('keeps no failure', async () => {
  const answers = recent();
  await expect(answers.get('a', () => Promise.reject(new Error('down')))).rejects.toThrow('down');
  expect(await answers.get('a', () => Promise.resolve(1))).toBe(1);
});

it('looks anew for what was forgotten', async () => {
  const answers = recent();
  let looks = 0;
  const ask = (): Promise<number> => answers.get('a', () => Promise.resolve((looks += 1)));
  expect([await ask(), await ask()]).toEqual([1, 1]);
  answers.forget('a');
  expect(await ask()).toBe(2);
});
