import { sdkCredentials } from '#contracts';
import type { AwsAccess } from '../key-services.js';

/** What clients of key services share: little patience, a few attempts, and credentials that are asked for each time. */
export function clientOptions({ region: configured, credentials }: AwsAccess, ownRegion: string | undefined) {
  const region = ownRegion ?? configured;
  return {
    ...(region === undefined ? {} : { region }),
    maxAttempts: 4,
    requestHandler: { connectionTimeout: 5_000, requestTimeout: 15_000, throwOnRequestTimeout: true },
    ...sdkCredentials(credentials),
  };
}
