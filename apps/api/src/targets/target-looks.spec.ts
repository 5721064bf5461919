import { beforeEach, expect, it } from '@jest/globals';
import type { Catalog } from '#catalog';
import { MovedClock } from '../../../../test/support/moved-clock.js';
import { TargetLooks } from './target-looks.js';

const clock = new MovedClock('2026-11-26T12:00:00Z');
let asked: string[];
let fails: boolean;
let sut: TargetLooks;
beforeEach(() => {
  asked = [];
  fails = false;
  const answer = (what: string) => {
    asked.push(what);
    return fails ? Promise.reject(new Error('down')) : Promise.resolve([]);
  };
  const catalog = { workers: { all: () => answer('workers') }, backups: { ends: () => answer('ends') } };
  sut = new TargetLooks(catalog as unknown as Catalog, clock);
});

const look = () => Promise.all([sut.workers(), sut.ends()]);

it('whoever asks within a second gets one answer', async () => {
  await Promise.all(Array.from({ length: 20 }, look));
  clock.pass(900);
  await look();
  expect(asked).toEqual(['workers', 'ends']);
  clock.pass(200);
  await look();
  expect(asked).toHaveLength(4);
});

it('what failed is asked for again at once', async () => {
  fails = true;
  await expect(look()).rejects.toThrow('down');
  fails = false;
  await look();
  expect(asked).toEqual(['workers', 'ends', 'workers', 'ends']);
});
