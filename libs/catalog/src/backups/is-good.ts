import { saysDamaged, type BackupRecord } from '#contracts';

/**
 * What counts as a good backup when another one is to go: completed, and its newest verdict is not that it is damaged. A verification that could not be made
 * is no verdict. Whether its objects stand is the store's to say.
 */
export function isGood({ status, verifications }: Pick<BackupRecord, 'status' | 'verifications'>): boolean {
  const verdicts = verifications.filter(
    (verification) =>
      verification.status === 'completed' ||
      (verification.status === 'failed' && verification.error !== null && saysDamaged(verification.error.code)),
  );
  return status === 'completed' && verdicts.at(-1)?.status !== 'failed';
}
