import { expect, it } from '@jest/globals';
import type { MarkedVerification } from '#contracts';
import { mergeVerifications } from './merge-verifications.js';

const verdict = (minute: number, more: Partial<MarkedVerification> = {}): MarkedVerification => ({
  ...{ level: 'readable', ok: true, at: new Date(Date.UTC(2026, 10, 23, 2, minute)).toISOString() },
  ...more,
});

it('adds what is new, in the order of time, and keeps what others wrote as it was', () => {
  const theirs = verdict(5, { newer: 'field' });
  expect(mergeVerifications([theirs], [verdict(9), verdict(1)])).toEqual([verdict(1), theirs, verdict(9)]);
  expect(mergeVerifications([], [verdict(1, { verificationId: 'a-v1' })])).toHaveLength(1);
});

it('has nothing to tell of what is there already, by id or by time and level', () => {
  expect(
    mergeVerifications([verdict(1, { verificationId: 'a-v1' })], [verdict(2, { verificationId: 'a-v1' })]),
  ).toBeNull();
  expect(mergeVerifications([verdict(1)], [verdict(1)])).toBeNull();
  expect(mergeVerifications([verdict(1)], [verdict(1, { level: 'stored' })])).toHaveLength(2);
  expect(mergeVerifications([verdict(1)], [])).toBeNull();
});

it('keeps the newest twenty, and does not write for one that is older than these', () => {
  const many = Array.from({ length: 20 }, (_, minute) => verdict(minute + 1));
  expect(mergeVerifications(many, [verdict(30)])).toEqual([...many.slice(1), verdict(30)]);
  expect(mergeVerifications(many, [verdict(0)])).toBeNull();
});
