import type { AppError, ErrorCode } from '#contracts';

/** Exit codes (spec/cli.md); the most specific wins. */
export const exitCodes = {
  done: 0,
  unexpected: 1,
  arguments: 2,
  configuration: 3,
  engine: 10,
  damaged: 11,
  target: 12,
  key: 13,
  store: 14,
  database: 15,
  refused: 16,
  interrupted: 130,
  terminated: 143,
} as const;

const byCode: Partial<Record<ErrorCode, number>> = {
  'backup/not-found': exitCodes.arguments,
  'backup/refused': exitCodes.refused,
  'backup/not-completed': exitCodes.refused,
  'backup/already-running': exitCodes.refused,
  'catalog/unavailable': exitCodes.database,
  'catalog/refused': exitCodes.database,
  'hook/vetoed': exitCodes.refused,
  'keys/refused': exitCodes.configuration,
  // No word on a key: what keeps or wraps it could not be reached, as a store that is away.
  'keys/kms-unavailable': exitCodes.store,
  'keys/kms-throttled': exitCodes.store,
  'keys/secret-unavailable': exitCodes.store,
  'keys/confirmation-needed': exitCodes.refused,
  'container/no-key': exitCodes.key,
  'container/wrong-key': exitCodes.key,
  'commit/conflict': exitCodes.store,
  'target/unreachable': exitCodes.database,
  'target/refused': exitCodes.database,
  'target/not-empty': exitCodes.refused,
  'restore/confirmation-needed': exitCodes.refused,
};

const byArea: Readonly<Record<string, number>> = {
  audit: exitCodes.damaged,
  cli: exitCodes.arguments,
  config: exitCodes.configuration,
  keys: exitCodes.key,
  container: exitCodes.damaged,
  compression: exitCodes.damaged,
  archive: exitCodes.damaged,
  backup: exitCodes.damaged,
  engine: exitCodes.engine,
  hook: exitCodes.engine,
  catalog: exitCodes.database,
  source: exitCodes.database,
  target: exitCodes.target,
  restore: exitCodes.target,
  store: exitCodes.store,
};

/** The exit code of an error; `interruptedBy` is the signal that ended the run, if one did. */
export function exitCodeOf(error: AppError, interruptedBy: 'SIGINT' | 'SIGTERM' | undefined): number {
  if (error.code === 'run/cancelled') return interruptedBy === 'SIGTERM' ? exitCodes.terminated : exitCodes.interrupted;
  return byCode[error.code] ?? byArea[error.code.split('/')[0] ?? ''] ?? exitCodes.unexpected;
}
