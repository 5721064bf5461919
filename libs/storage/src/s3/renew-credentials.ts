import type { S3Client } from '@aws-sdk/client-s3';

/** What stores say of temporary credentials whose time is over. */
const expired = new Set(['ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired']);

/**
 * Asks the provider anew when a store refuses credentials as expired, and sends the request once more. The SDK itself renews only what carries a date, before that
 * date by this machine's clock, and takes a refusal for final. Every body that we send is a buffer, so a request can be repeated.
 */
export function renewExpiredCredentials(client: S3Client): void {
  client.middlewareStack.add(
    (next) => async (args) => {
      try {
        return await next(args);
      } catch (error) {
        if (!(error instanceof Error) || !expired.has(error.name)) throw error;
        await client.config.credentials({ forceRefresh: true });
        return next(args);
      }
    },
    { step: 'initialize', name: 'renewExpiredCredentials', priority: 'low' },
  );
}
