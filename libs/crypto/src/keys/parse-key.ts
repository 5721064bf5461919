import { AppError, Secret, type Random } from '#contracts';
import { kmsArnPattern } from './kms-arn.js';
import { OperatorKey } from './operator-key.js';
import {
  isUsablePublicKey,
  privateKeyPrefix,
  publicKeyPrefix,
  x25519Bytes,
  x25519PublicKeyOf,
  x25519Text,
} from './x25519-key.js';

const forms =
  'hex: and 64 hex digits, base64: and 32 bytes, pass: and at least 12 characters, x25519-private: (hazina keys generate --recipient), aws-kms: and the ARN of a key, aws-secret: and the name of a secret, or a passphrase of at least 32 characters';
/** A whole key of another form. Less of one may stand in a passphrase by chance. */
const keyInside =
  /hex:[0-9a-f]{64}|base64:[a-z0-9+/]{43}=|(?<![\p{L}\p{N}])(aws-kms:arn:|aws-secret:\S|x25519-(private|public):\S{20})/iu;
const meant = '(a passphrase that is meant so gets pass: before it, and stays the same key)';
const hexKey = /^[0-9a-fA-F]{64}$/;
const damagedX25519 = 'letters of it were lost or changed, or its other half stands there (its checksum does not fit)';
const shortestPassphrase = 12;
const shortestBare = 32;

/**
 * What a key text means (spec/container.md, "What the operator gives as a key"). Refuses (`keys/refused`) whatever might be a damaged key, so that it cannot
 * silently become a passphrase; the error names the variable, the forms accepted and the length found, never the value.
 */
export function parseKey(text: Secret, variable: string): { key: OperatorKey; warnings: string[] } {
  const value = text.reveal();
  if (hasStrayEnds(value))
    throw refused(variable, value, 'white space or an invisible character stands at one of its ends');
  const prefix = /^(hex|base64|pass|aws-kms|aws-secret|x25519-private|x25519-public):/i.exec(value)?.[0];
  if (prefix === undefined) return parseBare(value, variable);
  const rest = value.slice(prefix.length);
  switch (prefix) {
    case 'hex:':
      if (hexKey.test(rest)) return accepted({ kind: 'raw', kek: ownBytes(Buffer.from(rest, 'hex')) });
      throw refused(variable, value, 'after hex: exactly 64 hex digits must follow');
    case 'base64:': {
      const kek = canonicalBase64(rest);
      if (kek !== undefined) return accepted({ kind: 'raw', kek });
      throw refused(variable, value, 'after base64: canonical base64 of exactly 32 bytes must follow');
    }
    case 'pass:':
      if (hasStrayEnds(rest))
        throw refused(variable, value, 'white space or an invisible character stands at one end of the passphrase');
      if (length(rest) >= shortestPassphrase) return accepted({ kind: 'passphrase', text: rest });
      throw refused(variable, value, `after pass: at least ${shortestPassphrase} characters must follow`);
    case privateKeyPrefix: {
      const privateKey = x25519Bytes(privateKeyPrefix, rest);
      if (privateKey === undefined) throw refused(variable, value, damagedX25519);
      return accepted({ kind: 'x25519-private', privateKey, publicKey: x25519PublicKeyOf(privateKey) });
    }
    case publicKeyPrefix: {
      const publicKey = x25519Bytes(publicKeyPrefix, rest);
      if (publicKey === undefined) throw refused(variable, value, damagedX25519);
      if (isUsablePublicKey(publicKey)) return accepted({ kind: 'x25519-public', publicKey });
      throw refused(variable, value, 'it is a point of a small order, for which nothing can be kept secret');
    }
    case 'aws-kms:':
      if (kmsArnPattern.test(rest)) return accepted({ kind: 'aws-kms', keyArn: rest });
      throw refused(
        variable,
        value,
        'after aws-kms: the ARN of a key must follow (arn:aws:kms:REGION:ACCOUNT:key/ID, no alias: the key behind an alias may change)',
      );
    case 'aws-secret:':
      throw refused(variable, value, 'what stands in AWS Secrets Manager is a reference to another secret');
    default:
      throw refused(variable, value, `${prefix} is written in small letters`);
  }
}

function parseBare(value: string, variable: string): { key: OperatorKey; warnings: string[] } {
  if (hexKey.test(value)) return accepted({ kind: 'raw', kek: ownBytes(Buffer.from(value, 'hex')) });
  const kek = canonicalBase64(value);
  if (kek !== undefined) return accepted({ kind: 'raw', kek });
  // With 0x before them, or colons between them, they are hex digits all the same (vectors, refusedKeys).
  if (/^(0x)?[0-9a-fA-F:]+$/i.test(value))
    throw refused(variable, value, 'it looks like hex digits, but not 64 of them');
  if (/^[A-Za-z0-9+/=_-]{40,48}$/.test(value))
    throw refused(variable, value, 'it looks like base64, but not of exactly 32 bytes');
  if (isJson(value)) throw refused(variable, value, `it is JSON, and the key alone must stand there ${meant}`);
  if (keyInside.test(value))
    throw refused(variable, value, `a key of another form stands inside it, and must stand there alone ${meant}`);
  if (length(value) < shortestBare) throw refused(variable, value, 'it is too short');
  const { key } = accepted({ kind: 'passphrase', text: value });
  return {
    key,
    warnings: [
      `${variable} is a bare passphrase: a key made by hazina keys generate is stronger (or write pass: before it to say that it is meant)`,
    ],
  };
}

/** As a secret in AWS Secrets Manager usually is. */
function isJson(text: string): boolean {
  if (!/^[{["]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** A pair of keys: whoever has the public one seals, whoever has the private one opens. */
export function generateRecipient(random: Random): { readonly privateKey: Secret; readonly publicKey: string } {
  const privateKey = random.bytes(32);
  try {
    return {
      privateKey: new Secret(x25519Text(privateKeyPrefix, privateKey)),
      publicKey: x25519Text(publicKeyPrefix, x25519PublicKeyOf(privateKey)),
    };
  } finally {
    privateKey.fill(0);
  }
}

/** `hex:` and 64 random digits. */
export function generateKey(random: Random): Secret {
  return new Secret(`hex:${random.bytes(32).toString('hex')}`);
}

function accepted(material: ConstructorParameters<typeof OperatorKey>[0]): { key: OperatorKey; warnings: string[] } {
  return { key: new OperatorKey(material), warnings: [] };
}

/** The 32 bytes; undefined for anything but their one canonical text. */
function canonicalBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === 32 && bytes.toString('base64') === text ? ownBytes(bytes) : undefined;
}

/** Decoders give out slices of Node's shared pool: a key gets memory of its own, and leaves no copy there. */
function ownBytes(pooled: Buffer): Buffer {
  const own = Buffer.alloc(pooled.length);
  pooled.copy(own);
  pooled.fill(0);
  return own;
}

/** White_Space or category C at either end: invisible, and easily lost or added. */
function hasStrayEnds(text: string): boolean {
  return /^[\p{White_Space}\p{C}]|[\p{White_Space}\p{C}]$/u.test(text);
}

/** Unicode code points after NFC. */
function length(text: string): number {
  return Array.from(text.normalize('NFC')).length;
}

function refused(variable: string, value: string, why: string): AppError {
  return new AppError({
    code: 'keys/refused',
    stage: 'keys',
    message: `${variable} is no key that can be used: ${why} (it has ${length(value)} characters)`,
    hint: `Accepted are ${forms}. hazina keys generate makes a new key`,
  });
}
