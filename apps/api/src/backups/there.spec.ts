import { expect, it } from '@jest/globals';
import { markOfThere } from './there.js';

const none = { startedAt: null, verifiedAt: null };
const a = { target: 'a', status: 'completed', count: 2, bytes: 10, durationMs: 7, ...none } as const;
const b = { target: 'b', status: 'deleting', count: 1, bytes: 5, durationMs: 3, ...none } as const;

it('is another one when a backup has come or gone, in whatever order the sums stand', () => {
  const before = markOfThere({ states: [a, b] }, undefined);
  expect(markOfThere({ states: [b, a] }, undefined)).toBe(before);
  expect(markOfThere({ states: [{ ...a, count: 3, bytes: 14, durationMs: 9 }, b] }, undefined)).not.toBe(before);
  expect(markOfThere({ states: [a] }, undefined)).not.toBe(before);
});

it('is that of one target, and takes no notice of what is no backup (yet)', () => {
  const before = markOfThere({ states: [a, b] }, 'a');
  const running = { ...a, status: 'in_progress', count: 1 } as const;
  expect(markOfThere({ states: [a, running, { ...b, bytes: 6 }] }, 'a')).toBe(before);
  expect(markOfThere({ states: [{ ...a, bytes: 11 }, b] }, 'a')).not.toBe(before);
});
