import { AppError, type Secret } from '#contracts';
import type { AwsAccess } from '../providers/key-services.js';

/** A key as an operator gave it, and the variable it came from (for messages). */
export interface GivenKey {
  readonly variable: string;
  readonly text: Secret;
}

/** The keys of a process. `current` and `recipients` seal; `current` and `retired` open. */
export interface GivenKeys {
  readonly current: GivenKey | undefined;
  readonly retired: readonly GivenKey[];
  /** Public keys: new files are sealed for their holders besides. */
  readonly recipients?: readonly GivenKey[];
  /** How keys in AWS are reached; absent: by the SDK's own chain. */
  readonly aws?: AwsAccess;
}

/** A key in a place where it does not belong. */
export function misplaced(variable: string, why: string, hint: string): AppError {
  return new AppError({ code: 'keys/refused', stage: 'keys', message: `${variable} ${why}`, hint });
}
