import { Secret } from '#contracts';
import type { EnvironmentReader } from './environment-reader.js';
import { readCredentials, type S3Config } from './store-config.js';
import type { SecretName } from './variables.js';

/** A key as the operator gave it, and the variable it came from (for messages). */
export interface KeyText {
  readonly variable: string;
  readonly text: Secret;
}

export interface KeysConfig {
  readonly current: KeyText | undefined;
  readonly retired: readonly KeyText[];
  /** Public keys that new backups are sealed for besides, or alone. */
  readonly recipients: readonly KeyText[];
  /** How keys in AWS are reached; read where one of the keys is there. */
  readonly aws?: { readonly region?: string; readonly credentials?: NonNullable<S3Config['credentials']> };
}

export function readKeys(reader: EnvironmentReader): KeysConfig {
  const text = reader.secret('BACKUP_ENCRYPTION_KEY');
  const retired = reader.secret('BACKUP_ENCRYPTION_KEYS_RETIRED');
  const recipients = reader.secret('BACKUP_RECIPIENTS');
  const keys = {
    current: text === undefined ? undefined : { variable: 'BACKUP_ENCRYPTION_KEY', text },
    retired: retired === undefined ? [] : splitLines('BACKUP_ENCRYPTION_KEYS_RETIRED', retired).map(unquoted),
    recipients: recipients === undefined ? [] : splitLines('BACKUP_RECIPIENTS', recipients),
  };
  const all = [...(keys.current === undefined ? [] : [keys.current]), ...keys.retired, ...keys.recipients];
  return all.some((key) => key.text.reveal().startsWith('aws-')) ? { ...keys, aws: readAws(reader) } : keys;
}

function readAws(reader: EnvironmentReader): NonNullable<KeysConfig['aws']> {
  const region = reader.text('AWS_REGION');
  const credentials = readCredentials(reader);
  return { ...(region === undefined ? {} : { region }), ...(credentials === undefined ? {} : { credentials }) };
}

/** A passphrase with line breaks inside, which earlier versions sealed with: as one JSON string, for each line is a key. Nothing else that is JSON is one. */
function unquoted({ variable, text }: KeyText): KeyText {
  try {
    const value: unknown = JSON.parse(text.reveal());
    if (typeof value === 'string') return { variable, text: new Secret(value) };
  } catch {
    // No JSON: a key as it stands.
  }
  return { variable, text };
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
