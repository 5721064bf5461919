import { expect, it } from '@jest/globals';
import type { ErrorCode, RecordedVerification } from '#contracts';
import { isGood } from './is-good.js';

const at = new Date('2026-11-25T02:00:00.000Z');
const verified = (
  status: RecordedVerification['status'],
  code: ErrorCode = 'container/corrupt',
): RecordedVerification => ({
  ...{ verificationId: 'v', level: 'readable', status, startedAt: at, completedAt: at },
  error: status === 'failed' ? { code, stage: 'verify', retryable: false, hint: null, message: 'x' } : null,
});

it.each([
  ['was never verified', [], true],
  ['was found damaged', [verified('completed'), verified('failed')], false],
  [
    'was found damaged, and could not be looked at since',
    [verified('failed'), verified('failed', 'store/unreachable')],
    false,
  ],
  ['could not be verified', [verified('failed', 'store/unreachable')], true],
  ['met a worker without its key', [verified('failed', 'container/no-key')], true],
  ['was refused by the store', [verified('failed', 'store/refused')], true],
  ['is not what its manifest says', [verified('failed', 'backup/mismatch')], false],
  ['has a damaged archive', [verified('failed', 'archive/crc-mismatch')], false],
  ['was mended', [verified('failed'), verified('completed')], true],
])('a completed backup that %s', (_what, verifications, good) => {
  expect(isGood({ status: 'completed', verifications })).toBe(good);
  expect(isGood({ status: 'missing', verifications })).toBe(false);
});
