import { DecryptCommand, EncryptCommand, KMSClient } from '@aws-sdk/client-kms';
import { throwIfAborted } from '#contracts';
import { regionOfArn } from '../../keys/kms-arn.js';
import type { AwsAccess, KeyWrapper } from '../key-services.js';
import { beforeEachSend, clientOptions, refuseForbiddenHost, until } from './client-options.js';
import { serviceFailure } from './service-failure.js';

const keyBytes = 32;
/** KMS answered: this ciphertext is not of this key, or not of this file. */
const notOurs = ['InvalidCiphertextException', 'IncorrectKeyException'];

/**
 * Data keys wrapped by AWS KMS (docs/container-format.md, Slots), with the file's id as encryption context. Nothing is kept: a data key is asked for when a
 * file is opened, and wiped by whoever asked.
 */
export function awsKms(access: AwsAccess): KeyWrapper {
  const clients = new Map<string, KMSClient>();
  const clientOf = (keyArn: string): KMSClient => {
    const region = regionOfArn(keyArn);
    const known = clients.get(region ?? '');
    if (known !== undefined) return known;
    const made = new KMSClient(clientOptions(access, region));
    made.middlewareStack.add(
      (next) => (given) => {
        refuseForbiddenHost(given.request);
        return next(given);
      },
      beforeEachSend,
    );
    clients.set(region ?? '', made);
    return made;
  };
  return {
    async wrap(keyArn, fileId, dek, signal) {
      const request = { KeyId: keyArn, Plaintext: dek, EncryptionContext: { fileId } };
      try {
        const { CiphertextBlob } = await clientOf(keyArn).send(new EncryptCommand(request), until(signal));
        if (CiphertextBlob !== undefined && CiphertextBlob.length > 0) return Buffer.from(CiphertextBlob);
      } catch (error) {
        throwIfAborted(signal, 'keys');
        throw serviceFailure('kms', keyArn, error);
      }
      throw serviceFailure('kms', keyArn, undefined);
    },

    async unwrap(keyArn, fileId, wrapped, signal) {
      const request = { KeyId: keyArn, CiphertextBlob: wrapped, EncryptionContext: { fileId } };
      try {
        const { Plaintext } = await clientOf(keyArn).send(new DecryptCommand(request), until(signal));
        if (Plaintext?.length !== keyBytes) return null;
        const dek = Buffer.alloc(keyBytes);
        dek.set(Plaintext);
        Plaintext.fill(0);
        return dek;
      } catch (error) {
        throwIfAborted(signal, 'keys');
        if (error instanceof Error && notOurs.includes(error.name)) return null;
        throw serviceFailure('kms', keyArn, error);
      }
    },
  };
}
