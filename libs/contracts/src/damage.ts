import type { ErrorCode } from './error-codes.js';

const damage: readonly ErrorCode[] = ['backup/mismatch', 'backup/damaged', 'backup/missing', 'backup/not-found'];
/** The key ring or this version of the program is what is lacking there, not the backup. */
const notOurs: readonly ErrorCode[] = ['container/no-key', 'container/wrong-key', 'container/unsupported'];

/**
 * Whether the error of a verification says that the backup itself is damaged or gone. Everything else (a key that one worker lacks, a refusal of the store,
 * an object that was moved to an archive class) says that nobody could look: told loudly, and no reason to think the backup bad.
 */
export function saysDamaged(code: ErrorCode): boolean {
  if (notOurs.includes(code)) return false;
  return damage.includes(code) || /^(container|compression|archive)\//.test(code);
}

/** Whether AWS KMS could not be asked, which says nothing of the key and nothing of the backup: it may open in a minute. */
export function saysUnasked(code: ErrorCode): boolean {
  return code === 'keys/kms-unavailable' || code === 'keys/kms-throttled';
}
