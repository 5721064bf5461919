import { expect, it } from '@jest/globals';
import { ProgressBar } from './progress-bar.js';

/** What the line says after each call, without the codes that clear it. */
function bar() {
  const written: string[] = [];
  const warned: string[] = [];
  let ms = 0;
  const clock = { now: () => new Date(0), monotonicMs: () => (ms += 1_000) };
  const made = new ProgressBar(
    (text) => written.push(text.replace('\r', '').replace('\u001B[2K', '')),
    clock,
    (text) => warned.push(text),
  );
  return { made, warned, line: () => written.at(-1) };
}

it('tells stage, part done, rate and count', () => {
  const { made, line } = bar();
  made.stage('dump');
  expect(line()).toBe('Backing up …');
  made.progress({ archiveBytes: 5_000_000, storedBytes: 1_000_000, documents: 1_200, expectedBytes: 10_000_000 });
  expect(line()).toMatch(
    /^Backing up {2}█{12}░{12} {2}50 % {2}5\.00 MB, [\d.]+ MB\/s, 1,200 documents, 1\.00 MB stored$/,
  );
});

it('of a restore tells how many namespaces are there, and which one is under way', () => {
  const { made, line } = bar();
  const collection = 'a-collection-whose-name-is-longer-than-a-line-may-be';
  const namespaces = () => [
    { db: 'clinic', collection: 'patients', documents: 353, done: true },
    { db: 'clinic', collection, documents: 1_200, done: false },
    { db: 'clinic', collection: 'visits', documents: 7, done: false },
    { db: 'clinic', collection: 'waits', documents: 0, done: false },
  ];
  made.stage('load');
  made.progress({ documents: 1_560, namespaces });
  expect(line()).toBe(`Restoring …  1,560 documents, 1 of 4 namespaces, ${`clinic.${collection}`.slice(0, 39)}… 1,200`);
  made.progress({ archiveBytes: 2_000_000, expectedBytes: null });
  expect(line()).toMatch(/^Restoring {2}2\.00 MB, .*\/s, 1,560 documents, 1 of 4 namespaces, clinic\.a-coll.*… 1,200$/);
});

it('goes away before a warning is written', () => {
  const { made, warned, line } = bar();
  made.stage('load');
  made.warning('the clock is slow');
  expect(line()).toBe('');
  expect(warned).toEqual(['the clock is slow']);
});
