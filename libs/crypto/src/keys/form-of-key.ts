import type { Secret } from '#contracts';

export type KeyForm = 'hex' | 'base64' | 'passphrase' | 'x25519-private' | 'x25519-public' | 'aws-kms';

/** How a key that `parseKey` accepts was written: of interest to people, and no part of the key. */
export function formOfKey(text: Secret): KeyForm {
  const value = text.reveal();
  for (const form of ['x25519-private', 'x25519-public', 'aws-kms'] as const)
    if (value.startsWith(`${form}:`)) return form;
  if (/^(hex:)?[0-9a-fA-F]{64}$/.test(value)) return 'hex';
  if (value.startsWith('base64:')) return 'base64';
  const bytes = Buffer.from(value, 'base64');
  return bytes.length === 32 && bytes.toString('base64') === value ? 'base64' : 'passphrase';
}
