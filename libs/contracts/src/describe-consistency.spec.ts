import { expect, it } from '@jest/globals';
import { consistencyInBrief, describeConsistency } from './describe-consistency.js';

const at = { t: 1_700_000_000, i: 7 };

it.each([
  [{ mode: 'none', at: null }, /as it was when it was read.*may be in one and not in another/, /one after another/],
  [{ mode: 'snapshot', at }, /2023-11-14T22:13:20Z \(1700000000:7\).*one snapshot/, /^as of 2023-11-14T22:13:20Z$/],
  [{ mode: 'snapshot', at: null }, /one moment/, /^of one moment$/],
  [{ mode: 'oplog', at }, /2023-11-14T22:13:20Z.*replayed the oplog.*part/, /once its oplog is replayed/],
] as const)('%j in plain words', (consistency, sentence, brief) => {
  expect(describeConsistency(consistency)).toMatch(sentence);
  expect(consistencyInBrief(consistency)).toMatch(brief);
});
