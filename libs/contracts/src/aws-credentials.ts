import type { Secret } from './secret.js';

export interface AwsCredentials {
  readonly accessKeyId: Secret;
  readonly secretAccessKey: Secret;
  readonly sessionToken?: Secret;
}

/** The setting of an AWS client. A function, for resolved values would be kept for ever, also when they expire; without any: the SDK's own chain. */
export function sdkCredentials(credentials: AwsCredentials | undefined) {
  if (credentials === undefined) return {};
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  return {
    credentials: () =>
      Promise.resolve({
        accessKeyId: accessKeyId.reveal(),
        secretAccessKey: secretAccessKey.reveal(),
        ...(sessionToken === undefined ? {} : { sessionToken: sessionToken.reveal() }),
      }),
  };
}
