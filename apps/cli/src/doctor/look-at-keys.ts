import type { DoctorConfig } from '#config';
import type { Finding } from '#contracts';
import { nameKeys, openKeys, type KeyRing, type NamedKey } from '#crypto';
import { keyFindings } from '#pipeline';
import { lookAt, type LookContext } from './look.js';

/** Null: none is set, or they cannot be used. */
export type KeysAtHand = { readonly ring: KeyRing; readonly named: readonly NamedKey[] } | null;

export async function lookAtKeys(
  { keys }: DoctorConfig,
  kdfSalt: string | null,
  context: LookContext,
): Promise<{ readonly keys: readonly Finding[]; readonly atHand: KeysAtHand }> {
  let atHand: KeysAtHand = null;
  const slow = {
    code: 'keys/refused',
    hint: 'A passphrase takes 256 MiB of memory and a second; --timeout waits longer',
  } as const;
  const findings = await lookAt('keys', slow, context, async () => {
    const { given, ring } = await openKeys(keys, () => undefined);
    const named = await nameKeys(given, kdfSalt);
    if (named.length > 0) atHand = { ring, named };
    return keyFindings(named);
  });
  return { keys: findings, atHand };
}
