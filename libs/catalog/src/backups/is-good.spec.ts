import { expect, it } from '@jest/globals';
import type { RecordedVerification } from '#contracts';
import { isGood } from './is-good.js';

const at = new Date('2026-11-25T02:00:00.000Z');
const verified = (status: RecordedVerification['status'], retryable = false): RecordedVerification => ({
  ...{ verificationId: 'v', level: 'readable', status, startedAt: at, completedAt: at },
  error:
    status === 'failed' ? { code: 'store/unreachable', stage: 'store', retryable, hint: null, message: 'x' } : null,
});

it.each([
  ['was never verified', [], true],
  ['was found damaged', [verified('completed'), verified('failed')], false],
  ['was found damaged, and could not be looked at since', [verified('failed'), verified('failed', true)], false],
  ['could not be verified', [verified('failed', true)], true],
  ['was mended', [verified('failed'), verified('completed')], true],
])('a completed backup that %s', (_what, verifications, good) => {
  expect(isGood({ status: 'completed', verifications })).toBe(good);
  expect(isGood({ status: 'missing', verifications })).toBe(false);
});
