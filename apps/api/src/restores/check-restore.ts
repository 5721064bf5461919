import type { RestoreTargetConfig } from '#config';
import { AppError, mayAct, type BackupRecord, type Role } from '#contracts';
import type { Plain } from '../http/plain.js';
import type { RestoreDto } from './restore-request.dto.js';

/** The restore target that is meant, when it exists and this role may write there in this mode. Looks at nothing outside of the configuration. */
export function checkTarget(
  wish: Plain<RestoreDto>,
  role: Role,
  targets: readonly RestoreTargetConfig[],
): RestoreTargetConfig {
  const target = targets.find(({ name }) => name === wish.targetName);
  // First: whoever may not restore there is told so, whatever else is wrong.
  if (target !== undefined && !target.scratch && !mayAct(role, 'admin')) {
    throw new AppError({
      code: 'auth/forbidden',
      stage: 'request',
      message: `Restores into ${target.name}, which is no scratch target, need the role admin`,
      hint: 'Ask an admin, or restore into a target with RESTORE_TARGET_<NAME>_SCRATCH=true: GET /api/admin/targets lists them',
    });
  }
  // A scratch target harms nobody by new databases; its users are the server's.
  if (wish.usersAndRoles === true && !mayAct(role, 'admin')) {
    throw new AppError({
      code: 'auth/forbidden',
      stage: 'request',
      message: 'Restores of users and roles need the role admin',
      hint: 'Ask an admin, or leave usersAndRoles out',
    });
  }
  if (target === undefined) {
    throw new AppError({
      code: 'target/unknown',
      stage: 'request',
      message: `There is no restore target ${wish.targetName}`,
      hint: 'GET /api/admin/targets lists them; RESTORE_TARGETS declares them',
    });
  }
  if (wish.mode === 'scratch' && !target.scratch) {
    throw new AppError({
      code: 'request/unsupported',
      stage: 'request',
      message: `${target.name} is no scratch target`,
      hint: 'Set RESTORE_TARGET_<NAME>_SCRATCH=true where new databases harm nobody, or use another mode',
    });
  }
  checkConfirmation(wish);
  checkUsers(wish);
  checkRenames(wish.rename ?? []);
  return target;
}

function checkConfirmation({ mode, confirm, targetName }: Plain<RestoreDto>): void {
  if (mode !== 'replace') {
    if (confirm !== undefined) throw contradictory('confirm', 'confirm goes with the mode replace');
    return;
  }
  if (confirm === targetName) return;
  throw new AppError({
    code: 'restore/confirmation-needed',
    stage: 'request',
    message: `Data of ${targetName} would be replaced`,
    hint: 'Type the name of the restore target into confirm',
  });
}

function checkUsers({ usersAndRoles, mode, include = [], exclude = [], rename = [] }: Plain<RestoreDto>): void {
  if (usersAndRoles !== true) return;
  if (mode === 'scratch')
    throw contradictory('usersAndRoles', 'a scratch restore touches nothing but its own databases');
  if (include.length + exclude.length + rename.length > 0)
    throw contradictory(
      'usersAndRoles',
      'users and roles belong to databases by name: they go with no pattern and no rename',
    );
}

function checkRenames(renames: Plain<RestoreDto>['rename'] & {}): void {
  const kind = (name: string): string => (name.includes('.') ? 'collection' : 'database');
  const seen = new Set<string>();
  for (const [index, { from, to }] of renames.entries()) {
    const field = `rename.${index}`;
    if (kind(from) !== kind(to)) throw contradictory(field, 'from and to are both databases, or both collections');
    if (seen.has(from)) throw contradictory(field, `${from} is renamed twice`);
    seen.add(from);
  }
}

/** Each field is right by itself: the document of the API cannot tell what they may be together. */
function contradictory(field: string, message: string): AppError {
  return new AppError({
    code: 'request/unsupported',
    stage: 'request',
    message: `Not valid: ${field}`,
    hint: message,
    details: { errors: [{ field, message }] },
  });
}

/** Names that the backup does not hold; where its record tells what it holds. */
export function checkDatabases(databases: readonly string[], backup: BackupRecord): void {
  if (backup.metadata === null) return;
  const held = new Set(backup.metadata.collections.map(({ name }) => name.split('.', 1)[0] ?? ''));
  const missing = databases.filter((name) => !held.has(name));
  if (missing.length === 0) return;
  throw new AppError({
    code: 'request/unsupported',
    stage: 'request',
    message: `The backup holds no database ${missing.join(', ')}`,
    hint: 'metadata.collections of the backup names what it holds',
  });
}
