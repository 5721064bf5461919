import { Secret } from '#contracts';
import type { EnvironmentReader } from './environment-reader.js';
import type { SecretName } from './variables.js';

/** A key as the operator gave it, and the variable it came from (for messages). */
export interface KeyText {
  readonly variable: string;
  readonly text: Secret;
}

export interface KeysConfig {
  readonly current: KeyText | undefined;
  readonly retired: readonly KeyText[];
}

export function readKeys(reader: EnvironmentReader): KeysConfig {
  const text = reader.secret('BACKUP_ENCRYPTION_KEY');
  const retired = reader.secret('BACKUP_ENCRYPTION_KEYS_RETIRED');
  return {
    current: text === undefined ? undefined : { variable: 'BACKUP_ENCRYPTION_KEY', text },
    retired: retired === undefined ? [] : splitLines('BACKUP_ENCRYPTION_KEYS_RETIRED', retired),
  };
}

/** One key per line; empty lines are none. Keys are not trimmed otherwise (spec/container.md). */
function splitLines(variable: SecretName, secret: Secret): KeyText[] {
  return secret
    .reveal()
    .split(/\r?\n/)
    .flatMap((line, index) =>
      line === '' ? [] : [{ variable: `${variable}, line ${index + 1}`, text: new Secret(line) }],
    );
}
