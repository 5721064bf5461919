import { describe, expect, it } from '@jest/globals';
import type { Catalog } from '#catalog';
import { AppError, type Clock } from '#contracts';
import { Revocations } from './revocations.js';

function world() {
  let now = 0;
  const clock: Clock = { now: () => new Date(now), monotonicMs: () => now };
  const asked: { answer: (tokenIds: string[]) => void; fail: () => void }[] = [];
  const all = () =>
    new Promise<string[]>((answer, reject) => {
      asked.push({
        answer,
        fail: () => reject(new AppError({ code: 'catalog/unavailable', stage: 'catalog', message: 'away' })),
      });
    });
  const sut = new Revocations({ revocations: { all } } as unknown as Catalog, clock);
  return { sut, asked, pass: (ms: number) => (now += ms) };
}

/** Everything that is ready to go on has gone on. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('revocations', () => {
  it('are asked for once, whoever waits, and then known for a second', async () => {
    const { sut, asked, pass } = world();
    const both = Promise.all([sut.isRevoked('a', true), sut.isRevoked('b', false)]);
    asked[0]?.answer(['a']);
    expect(await both).toEqual([true, false]);
    pass(999);
    expect(await sut.isRevoked('b', true)).toBe(false);
    expect(asked).toHaveLength(1);
  });

  it('are renewed beside the requests: no request waits for a catalogue that is slow for a moment', async () => {
    const { sut, asked, pass } = world();
    const first = sut.isRevoked('a', true);
    asked[0]?.answer([]);
    await first;
    pass(1_000);
    expect(await sut.isRevoked('a', true)).toBe(false);
    expect(asked).toHaveLength(2);
    pass(900);
    expect(await sut.isRevoked('a', true)).toBe(false);
    expect(asked).toHaveLength(2);
    asked[1]?.answer(['a']);
    await turn();
    expect(await sut.isRevoked('a', true)).toBe(true);
  });

  it('that cannot be renewed are told as soon as what is known is too old, to who changes something', async () => {
    const { sut, asked, pass } = world();
    const first = sut.isRevoked('a', true);
    asked[0]?.answer(['a']);
    await first;
    pass(1_500);
    expect(await sut.isRevoked('b', true)).toBe(false);
    asked[1]?.fail();
    await turn();
    pass(600);
    const strict = sut.isRevoked('b', true);
    asked[2]?.fail();
    await expect(strict).rejects.toMatchObject({ code: 'catalog/unavailable' });
    // Who reads goes on by what was known; nobody asks again at once.
    expect(await sut.isRevoked('b', false)).toBe(false);
    expect(await sut.isRevoked('a', true)).toBe(true);
    expect(asked).toHaveLength(3);
    pass(2_000);
    const again = sut.isRevoked('b', true);
    asked[3]?.answer([]);
    expect(await again).toBe(false);
  });

  it('that are not answered within a second are not waited for', async () => {
    const { sut } = world();
    await expect(sut.isRevoked('b', true)).rejects.toMatchObject({ code: 'catalog/unavailable', retry: 'retry' });
  });
});
