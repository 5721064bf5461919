import { timingSafeEqual } from 'node:crypto';
import { AppError, type Random } from '#contracts';
import type { KeyRing } from './key-ring.js';

/**
 * Has AWS KMS wrap and unwrap 32 random bytes under each current key that is there, as it does for a file; the ARNs that were tried. Throws `keys/kms-…` when
 * nothing could be sealed now, or nothing of it opened. A key that may only wrap is no fault where another one opens what is sealed.
 */
export async function tryKmsKeys(ring: KeyRing, random: Random, signal: AbortSignal): Promise<readonly string[]> {
  const arns = ring.current.flatMap((key) => {
    const material = key.material();
    return material.kind === 'aws-kms' ? [material.keyArn] : [];
  });
  const closed: AppError[] = [];
  for (const keyArn of arns) {
    const denied = await tryOne(ring, keyArn, random, signal);
    if (denied !== null) closed.push(denied);
  }
  const [first] = closed;
  if (first !== undefined && closed.length === ring.current.filter(({ opens }) => opens).length) throw first;
  return arns;
}

/** Null: it wraps and unwraps; the refusal where it only wraps. */
async function tryOne(ring: KeyRing, keyArn: string, random: Random, signal: AbortSignal): Promise<AppError | null> {
  const [fileId, dek] = [random.bytes(16).toString('hex'), random.bytes(32)];
  const wrapped = await ring.wrapper.wrap(keyArn, fileId, dek, signal);
  try {
    const opened = await ring.wrapper.unwrap(keyArn, fileId, wrapped, signal);
    if (opened !== null && opened.length === dek.length && timingSafeEqual(opened, dek)) return null;
  } catch (error) {
    if (error instanceof AppError && error.code === 'keys/kms-access-denied') return error;
    throw error;
  }
  throw new AppError({
    code: 'keys/kms-disabled',
    stage: 'keys',
    message: `AWS KMS does not open with ${keyArn} what it has just sealed with it`,
    hint: 'Nothing may be sealed with it: look at AWS_ENDPOINT_URL and at the key in AWS',
  });
}
