import { AppError, found, wrong, type Finding, type Random } from '#contracts';
import { tryKmsKeys, type KeyRing } from '#crypto';

export const kmsFindingName = 'keys in AWS KMS';

/** Whether AWS KMS seals with our current keys there, and opens again; nothing where none is there. */
export async function kmsFindings(ring: KeyRing, random: Random, signal: AbortSignal): Promise<readonly Finding[]> {
  try {
    const arns = await tryKmsKeys(ring, random, signal);
    return arns.length === 0 ? [] : [found(kmsFindingName, `AWS KMS seals and opens with ${arns.join(', ')}`)];
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    return [wrong(kmsFindingName, AppError.from(thrown, 'keys'))];
  }
}
