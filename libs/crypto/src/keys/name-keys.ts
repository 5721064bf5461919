import type { Secret } from '#contracts';
import { formOfKey, type KeyForm } from './form-of-key.js';
import type { GivenKey, GivenKeys } from './given-keys.js';
import { KeyRing } from './key-ring.js';
import type { OperatorKey } from './operator-key.js';
import { parseKey } from './parse-key.js';
import { publicKeyPrefix, x25519Text } from './x25519-key.js';

/** A key as people speak of it: never the key itself. */
export interface NamedKey {
  /** Null: a passphrase has a name only in a store, whose salt it is derived with. */
  readonly keyId: string | null;
  readonly form: KeyForm;
  /** `active` seals (and opens, unless it is a public key), `retired` only opens. */
  readonly state: 'active' | 'retired';
  /** Where it was read. */
  readonly variable: string;
  /** Of an X25519 key its public half, for BACKUP_RECIPIENTS: no secret. */
  readonly publicKey?: string;
}

/** Names an operator's keys in a store with this salt; null: there is no store yet. Throws `keys/refused`. */
export async function nameKeys(given: GivenKeys, kdfSalt: string | null): Promise<NamedKey[]> {
  const active = [...(given.current === undefined ? [] : [given.current]), ...(given.recipients ?? [])];
  const named: NamedKey[] = [];
  // One after another: each passphrase takes up to 256 MiB.
  for (const key of active) named.push(await nameOne(key, 'active', kdfSalt));
  for (const key of given.retired) named.push(await nameOne(key, 'retired', kdfSalt));
  return named;
}

async function nameOne(
  { text, variable }: GivenKey,
  state: NamedKey['state'],
  kdfSalt: string | null,
): Promise<NamedKey> {
  const { key } = parseKey(text, variable);
  const named = { keyId: await nameOf(key, kdfSalt), form: formOfKey(text), variable, ...publicHalf(key) };
  return { ...named, state: key.seals ? state : 'retired' };
}

async function nameOf(key: OperatorKey, kdfSalt: string | null): Promise<string | null> {
  if (key.kind === 'passphrase' && kdfSalt === null) return null;
  return new KeyRing({ current: [key], retired: [] }).nameOf(key, kdfSalt ?? '');
}

function publicHalf(key: OperatorKey): Pick<NamedKey, 'publicKey'> {
  const material = key.material();
  return 'publicKey' in material ? { publicKey: x25519Text(publicKeyPrefix, material.publicKey) } : {};
}

/** The public half of a private key, for BACKUP_RECIPIENTS; null of every other key. */
export function publicKeyOf(text: Secret, variable: string): string | null {
  return publicHalf(parseKey(text, variable).key).publicKey ?? null;
}
