import { AppError } from '#contracts';

/**
 * Where the next page of a listing begins; undefined: this was the last. A page that says that more follows and not where, or where it began itself, is an
 * error: whoever took it for the end would take what it hides for lost (`ObjectStore.list`: complete or an error).
 */
export function nextPage(
  { IsTruncated }: { readonly IsTruncated?: boolean | undefined },
  marker: string | undefined,
  before: string | undefined,
  location: string,
): string | undefined {
  if (IsTruncated !== true) return undefined;
  if (marker !== undefined && marker !== '' && marker !== before) return marker;
  throw new AppError({
    code: 'store/failed',
    stage: 'store',
    retry: 'retry',
    message: `${location} broke off a listing: it says that more follows, and not where to go on`,
    hint: 'Nothing was decided by it. If it happens again, the store does not speak S3 as it should: run hazina storage check',
  });
}
