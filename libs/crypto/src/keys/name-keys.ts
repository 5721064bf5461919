import { keyIdOf } from '../derive.js';
import { formOfKey, type KeyForm } from './form-of-key.js';
import type { GivenKey } from './key-ring-of.js';
import { KeyRing } from './key-ring.js';
import { parseKey } from './parse-key.js';

/** A key as people speak of it: never the key itself. */
export interface NamedKey {
  /** Null: a passphrase has a name only in a store, whose salt it is derived with. */
  readonly keyId: string | null;
  readonly form: KeyForm;
  /** `active` seals and opens, `retired` only opens. */
  readonly state: 'active' | 'retired';
  /** Where it was read. */
  readonly variable: string;
}

/** Names an operator's keys in a store with this salt; null: there is no store yet. Throws `keys/refused`. */
export async function nameKeys(
  given: { readonly current: GivenKey | undefined; readonly retired: readonly GivenKey[] },
  kdfSalt: string | null,
): Promise<NamedKey[]> {
  const all = [
    ...(given.current === undefined ? [] : [{ key: given.current, state: 'active' as const }]),
    ...given.retired.map((key) => ({ key, state: 'retired' as const })),
  ];
  const named: NamedKey[] = [];
  // One after another: each passphrase takes up to 256 MiB.
  for (const { key, state } of all)
    named.push({ keyId: await nameOf(key, kdfSalt), form: formOfKey(key.text), state, variable: key.variable });
  return named;
}

async function nameOf({ text, variable }: GivenKey, kdfSalt: string | null): Promise<string | null> {
  const { key } = parseKey(text, variable);
  const material = key.material();
  if (material.kind === 'raw') return keyIdOf(material.kek);
  if (kdfSalt === null) return null;
  const [named] = await new KeyRing({ current: [key], retired: [] }).keyIds(kdfSalt);
  return named?.keyId ?? null;
}
