import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { AppError, Secret, throwIfAborted } from '#contracts';
import type { AwsAccess, SecretReader } from '../key-services.js';
import { beforeEachSend, clientOptions, refuseForbiddenHost, until } from './client-options.js';
import { serviceFailure } from './service-failure.js';

const arnRegion = /^arn:[a-z0-9-]+:secretsmanager:([a-z0-9-]+):/;

/** Keys whose texts stand in AWS Secrets Manager: the current version of each. */
export function awsSecrets(access: AwsAccess): SecretReader {
  return {
    async read(name, variable, signal) {
      const client = new SecretsManagerClient(clientOptions(access, arnRegion.exec(name)?.[1]));
      client.middlewareStack.add(
        (next) => (given) => {
          refuseForbiddenHost(given.request);
          return next(given);
        },
        beforeEachSend,
      );
      try {
        const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: name }), until(signal));
        if (SecretString !== undefined && SecretString !== '') return new Secret(SecretString);
      } catch (error) {
        throwIfAborted(signal, 'keys');
        throw serviceFailure('secrets', `the secret ${name} of ${variable}`, error);
      } finally {
        client.destroy();
      }
      throw new AppError({
        code: 'keys/refused',
        stage: 'keys',
        message: `The secret ${name} of ${variable} has no text`,
        hint: 'Store the key as plain text (SecretString), in the form that BACKUP_ENCRYPTION_KEY takes',
      });
    },
  };
}
