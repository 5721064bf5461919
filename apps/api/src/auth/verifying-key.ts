import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import type { ApiConfig } from '#config';

type ConfiguredKey = Exclude<ApiConfig['jwt']['key'], { kind: 'remote' }>;

/** The configured key, read once. From its text the library would read it anew for each token: of a secret it tries first whether it is the PEM of a public key. */
export function verifyingKey(key: ConfiguredKey): KeyObject {
  return key.kind === 'secret' ? createSecretKey(Buffer.from(key.secret.reveal())) : createPublicKey(key.pem.reveal());
}

/** passport-jwt hands a key to jsonwebtoken as it is, which takes a `KeyObject` as well; only the types of the former do not say so. */
export function forPassport(key: KeyObject): Buffer {
  return key as unknown as Buffer;
}
