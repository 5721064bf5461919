import type { DoctorConfig } from '#config';
import type { Finding } from '#contracts';
import { nameKeys, openKeys, type KeyRing, type NamedKey, type OpenedKeys } from '#crypto';
import { keyFindings, kmsFindingName, kmsFindings } from '#pipeline';
import { lookAt, type LookContext } from './look.js';

/** Null: none is set, or they cannot be used. */
export type KeysAtHand = { readonly ring: KeyRing; readonly named: readonly NamedKey[] } | null;

/** What takes its time is told by what it waits for: where keys are kept, a passphrase, a service that wraps with them. */
const late = {
  reading: {
    code: 'keys/secret-unavailable',
    hint: 'AWS Secrets Manager did not answer: can this machine reach it? --timeout waits longer',
  },
  naming: {
    code: 'keys/refused',
    hint: 'A passphrase takes 256 MiB of memory and a second; --timeout waits longer',
  },
  trying: {
    code: 'keys/kms-unavailable',
    hint: 'AWS KMS did not answer: can this machine reach it? --timeout waits longer',
  },
} as const;

export async function lookAtKeys(
  { keys }: DoctorConfig,
  kdfSalt: string | null,
  context: LookContext,
): Promise<{ readonly keys: readonly Finding[]; readonly atHand: KeysAtHand }> {
  let opened = undefined as OpenedKeys | undefined;
  const unread = await lookAt('keys', late.reading, context, async (signal) => {
    opened = await openKeys(keys, () => undefined, undefined, signal);
    return [];
  });
  if (opened === undefined) return { keys: unread, atHand: null };
  const { given, ring } = opened;
  let atHand: KeysAtHand = null;
  const findings = await lookAt('keys', late.naming, context, async () => {
    const named = await nameKeys(given, kdfSalt);
    if (named.length > 0) atHand = { ring, named };
    if (ring.unfitToSeal !== undefined) throw ring.unfitToSeal;
    return keyFindings(named);
  });
  const kms = await lookAt(kmsFindingName, late.trying, context, (signal) => kmsFindings(ring, context.random, signal));
  return { keys: [...findings, ...kms], atHand };
}
