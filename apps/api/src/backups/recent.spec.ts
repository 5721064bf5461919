import { describe, expect, it } from '@jest/globals';
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

describe('renewed before its time is over', () => {
  function renewing() {
    const answers = new Recent<number>({
      ...{ leastMs: 1_000, mostMs: 5_000, renewedAfter: 0.75, monotonicMs: () => now },
    });
    const looks: ((end: number | Error) => void)[] = [];
    const ask = (): Promise<number> =>
      answers.get(
        'a',
        () =>
          new Promise((resolve, reject) => {
            looks.push((end) => (typeof end === 'number' ? resolve(end) : reject(end)));
          }),
      );
    const begun = async (): Promise<void> => {
      const first = ask();
      looks[0]?.(1);
      await first;
    };
    return { answers, looks, ask, begun };
  }

  it('lets nobody wait: who asks meanwhile gets the answer that is there, and one look is made', async () => {
    const { looks, ask, begun } = renewing();
    await begun();
    now += 749;
    expect(await ask()).toBe(1);
    expect(looks).toHaveLength(1);
    now += 1;
    expect(await Promise.all([ask(), ask()])).toEqual([1, 1]);
    expect(looks).toHaveLength(2);
    looks[1]?.(2);
    await Promise.resolve();
    expect(await ask()).toBe(2);
    expect(looks).toHaveLength(2);
  });

  it('begins the earlier, the longer the last look took', async () => {
    const { looks, ask } = renewing();
    const first = ask();
    now += 2_000;
    looks[0]?.(1);
    await first;
    // Kept for five seconds from its beginning; three before their end, for the next may be half as slow again.
    expect([await ask(), looks.length]).toEqual([1, 2]);
  });

  it('gives out nothing for longer than it is kept: then those who ask wait for the look that has begun', async () => {
    const { looks, ask, begun } = renewing();
    await begun();
    now += 750;
    expect(await ask()).toBe(1);
    now += 250;
    const waiting = [ask(), ask()];
    looks[1]?.(2);
    expect(await Promise.all(waiting)).toEqual([2, 2]);
    expect(looks).toHaveLength(2);
  });

  it('keeps what is there when the look beside failed, and looks again', async () => {
    const { looks, ask, begun } = renewing();
    await begun();
    now += 800;
    expect(await ask()).toBe(1);
    looks[1]?.(new Error('down'));
    await Promise.resolve();
    expect(await ask()).toBe(1);
    expect(looks).toHaveLength(3);
    now += 200;
    const waiting = ask();
    looks[2]?.(new Error('still down'));
    await expect(waiting).rejects.toThrow('still down');
    const last = ask();
    looks[3]?.(4);
    expect(await last).toBe(4);
  });

  it('forgets what is looked up beside, too', async () => {
    const { answers, looks, ask, begun } = renewing();
    await begun();
    now += 800;
    await ask();
    answers.forget('a');
    const anew = ask();
    looks[1]?.(2);
    looks[2]?.(3);
    expect(await anew).toBe(3);
    expect(await ask()).toBe(3);
  });
});
