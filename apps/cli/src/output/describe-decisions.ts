import { InvalidArgumentError } from 'commander';
import { AppError, type CleanupResult } from '#contracts';
import { refusalIn } from '#retention';

type Decision = CleanupResult['decisions'][number];

/** Reads the value of --confirm. */
export function removals(text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be the number of removals that a dry run told.');
}

export function describeDecision({ backupId, decision, reasons }: Decision): string {
  return `${decision.padEnd(15)}  ${backupId}  ${reasons.join('; ')}`;
}

export function isUnconfirmed(decisions: readonly Decision[]): boolean {
  return refusalIn(decisions) !== null;
}

/** Refused, the run or a target alone, because over half would go: the reasons name the number. */
export function refuseUnconfirmed(decisions: readonly Decision[]): void {
  const refusal = refusalIn(decisions);
  if (refusal === null) return;
  const { isWhole, reason } = refusal;
  throw new AppError({
    code: 'restore/confirmation-needed',
    stage: 'cleanup',
    message: isWhole ? `Nothing was removed: ${reason}` : `Not everything was removed: ${reason}`,
    hint: 'Look at the list, and say --confirm with that number if it is meant',
  });
}
