const hex16 = /^[0-9a-f]{16}$/;
const hex32 = /^[0-9a-f]{32}$/;
const kmsArn = /^arn:[^\s]+$/;

/** What is wrong with a slot's form; undefined when nothing is. Of a kind that we do not know only `keyId` and `kind` are looked at. */
export function checkSlot(slot: Readonly<Record<string, unknown>>): string | undefined {
  const { keyId, kind } = slot;
  if (!isText(keyId, hex16)) return 'the keyId of a slot is not 16 lower-case hex digits';
  if (typeof kind !== 'string') return 'the kind of a slot is no text';
  switch (kind) {
    case 'raw':
      return checkWrapped(slot);
    case 'scrypt': {
      const { n, r, p, kdfSalt } = slot;
      if (![n, r, p].every(Number.isInteger)) return 'n, r or p of a slot is no whole number';
      if (!isText(kdfSalt, hex32)) return 'the kdfSalt of a slot is not 32 lower-case hex digits';
      return checkWrapped(slot);
    }
    case 'x25519':
      if (!isBase64Of(slot['enc'], 32)) return 'enc of a slot is not canonical base64 of 32 bytes';
      if (!isBase64Of(slot['wrapped'], 48)) return 'wrapped of a slot is not canonical base64 of 48 bytes';
      return undefined;
    case 'aws-kms':
      if (!isText(slot['keyArn'], kmsArn)) return 'the keyArn of a slot is none';
      return typeof slot['wrapped'] === 'string' && isCanonicalBase64(slot['wrapped'])
        ? undefined
        : 'wrapped of a slot is not canonical base64';
    default:
      return undefined;
  }
}

function checkWrapped({ salt, wrapped }: Readonly<Record<string, unknown>>): string | undefined {
  if (!isText(salt, hex32)) return 'the salt of a slot is not 32 lower-case hex digits';
  if (!isBase64Of(wrapped, 48)) return 'wrapped of a slot is not canonical base64 of 48 bytes';
  return undefined;
}

function isBase64Of(value: unknown, bytes: number): boolean {
  return typeof value === 'string' && isCanonicalBase64(value) && Buffer.from(value, 'base64').length === bytes;
}

function isText(value: unknown, pattern: RegExp): boolean {
  return typeof value === 'string' && pattern.test(value);
}

function isCanonicalBase64(text: string): boolean {
  return text !== '' && Buffer.from(text, 'base64').toString('base64') === text;
}
