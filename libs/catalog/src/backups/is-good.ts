import { saysDamaged, type BackupRecord } from '#contracts';

/**
 * What counts as a good backup when another one is to go: completed, and its newest verdict is not that it is damaged. Whether its objects stand is the
 * store's to say.
 */
export function isGood(record: Pick<BackupRecord, 'status' | 'verifications'>): boolean {
  return record.status === 'completed' && !isFoundBad(record);
}

/** Its newest verdict is that it is damaged. A verification that could not be made is no verdict. */
export function isFoundBad({ verifications }: Pick<BackupRecord, 'verifications'>): boolean {
  const verdicts = verifications.filter(
    (verification) =>
      verification.status === 'completed' ||
      (verification.status === 'failed' && verification.error !== null && saysDamaged(verification.error.code)),
  );
  return verdicts.at(-1)?.status === 'failed';
}
