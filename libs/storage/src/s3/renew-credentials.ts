import type { S3Client } from '@aws-sdk/client-s3';

/** What stores say of temporary credentials whose time is over. */
const expired = new Set(['ExpiredToken', 'ExpiredTokenException', 'TokenRefreshRequired']);

/** What the SDK notes of a request: who signed it. */
interface Signed {
  readonly __smithy_context?: { readonly selectedHttpAuthScheme?: { readonly identity?: object } };
}

/**
 * Asks the provider anew when a store refuses credentials as expired, and sends the request once more. The SDK itself renews only what carries a date, before that
 * date by this machine's clock, and takes a refusal for final. Of several requests that are refused one after another only those ask that were signed with what is
 * still in force: the others were renewed by the first. Every body that we send is a buffer, so a request can be repeated.
 */
export function renewExpiredCredentials(client: S3Client): void {
  client.middlewareStack.add(
    (next, context: Signed) => async (args) => {
      try {
        return await next(args);
      } catch (error) {
        if (!(error instanceof Error) || !expired.has(error.name)) throw error;
        const { accessKeyId } = await client.config.credentials();
        const refused = keyOf(context);
        if (refused === undefined || refused === accessKeyId) await client.config.credentials({ forceRefresh: true });
        return next(args);
      }
    },
    { step: 'initialize', name: 'renewExpiredCredentials', priority: 'low' },
  );
}

function keyOf({ __smithy_context: noted }: Signed): unknown {
  const identity = noted?.selectedHttpAuthScheme?.identity;
  return identity !== undefined && 'accessKeyId' in identity ? identity.accessKeyId : undefined;
}
