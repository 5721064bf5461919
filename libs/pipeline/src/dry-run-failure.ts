import { AppError, type ErrorCode, type RestoreConflictKind, type RestoreFindings } from '#contracts';

/**
 * What a restore ends with because of each, in the order in which it would meet them. What makes a target not empty is refused by the plan itself, which knows of
 * an earlier run of the same restore that this one would finish.
 */
const codes: readonly (readonly [RestoreConflictKind, ErrorCode])[] = [
  ['rights', 'target/refused'],
  ['duplicate-ids', 'restore/failed'],
  ['validator', 'restore/failed'],
  ['unique-index', 'restore/failed'],
  ['oplog', 'restore/failed'],
  ['users-and-roles', 'restore/failed'],
];

/** What the restore would surely end with, by what a dry run found in its way; null: by nothing that it found. */
export function foreseenFailure({ conflicts }: RestoreFindings): AppError | null {
  const blocking = conflicts.filter((conflict) => conflict.blocking);
  for (const [kind, code] of codes) {
    const [first, ...others] = blocking.filter((conflict) => conflict.kind === kind);
    if (first === undefined) continue;
    const more = others.length === 0 ? '' : ` (and ${others.length} more of this kind)`;
    return new AppError({
      code,
      stage: 'plan',
      message: `The restore would not succeed: ${first.message}${more}`,
      hint: 'Nothing was changed. The dry run lists all that it found: what stops the restore must be mended first',
    });
  }
  return null;
}
