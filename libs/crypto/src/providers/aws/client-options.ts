import { DestinationRefused, guardedLookup, isForbiddenHost, sdkCredentials } from '#contracts';
import type { AwsAccess } from '../key-services.js';

/** What clients of key services share: little patience, a few attempts, and credentials that are asked for each time. */
export function clientOptions({ region: configured, credentials }: AwsAccess, ownRegion: string | undefined) {
  const region = ownRegion ?? configured;
  return {
    ...(region === undefined ? {} : { region }),
    maxAttempts: 4,
    requestHandler: {
      ...{ connectionTimeout: 5_000, requestTimeout: 15_000, throwOnRequestTimeout: true },
      ...{ httpAgent: guarded, httpsAgent: guarded },
    },
    ...sdkCredentials(credentials),
  };
}

/** Each connection goes to an address that was checked for it: AWS_ENDPOINT_URL leads to no metadata service either. */
const guarded = { keepAlive: true, lookup: guardedLookup({ loopback: 'anywhere' }) };

/** An address is connected to without any lookup: asked before each request is sent. */
export function refuseForbiddenHost(request: unknown): void {
  const { hostname = '' } = request as { readonly hostname?: string };
  if (isForbiddenHost(hostname)) throw new DestinationRefused('forbidden');
}

export const beforeEachSend = { step: 'finalizeRequest', name: 'refuseForbiddenHost', priority: 'low' } as const;

/** How long a request is waited for, as the SDK is told. */
export function until(signal: AbortSignal | undefined): { readonly abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}
