import { AppError } from '#contracts';

/** Keys are made of ids alone (spec/objects.md): anything else must not reach a store. */
const keyPattern = /^(?!.*(^|\/)\.{1,2}(\/|$))[A-Za-z0-9_.-]+(\/[A-Za-z0-9_.-]+)*$/;
const prefixPattern = /^([A-Za-z0-9_.-]+\/)*[A-Za-z0-9_.-]*$/;

export function checkKey(key: string): void {
  if (keyPattern.test(key) && key.length <= 900) return;
  throw unsupported(`${JSON.stringify(key)} is no key of this store`);
}

export function checkPrefix(prefix: string): void {
  if (prefixPattern.test(prefix) && !prefix.split('/').includes('..')) return;
  throw unsupported(`${JSON.stringify(prefix)} is no prefix of this store`);
}

export function unsupported(message: string): AppError {
  return new AppError({
    code: 'store/unsupported',
    stage: 'store',
    message,
    hint: 'This is a defect of the program: please report it',
  });
}

export function noObject(key: string, location: string): AppError {
  return new AppError({
    code: 'store/no-object',
    stage: 'store',
    message: `${key} is not in ${location}`,
    hint: 'It was removed, or never finished: hazina list shows what is there',
  });
}

export function exists(key: string, location: string): AppError {
  return new AppError({
    code: 'store/exists',
    stage: 'store',
    message: `${key} is in ${location} already`,
    hint: 'Nothing was overwritten',
  });
}

export function preconditionFailed(key: string, location: string): AppError {
  return new AppError({
    code: 'store/precondition-failed',
    stage: 'store',
    message: `${key} in ${location} was changed by somebody else meanwhile`,
    hint: 'Read it again and repeat the change',
  });
}

export function tooLarge(key: string, bytes: number, maxBytes: number): AppError {
  return new AppError({
    code: 'store/unsupported',
    stage: 'store',
    message: `${key} has ${bytes} bytes, more than the ${maxBytes} that such a file may have`,
    hint: 'Somebody put another file in its place',
  });
}

/** A reader that asked for one version gets that one or nothing. */
export function requireVersion(
  key: string,
  location: string,
  etag: string,
  range: { readonly ifMatch?: string } | undefined,
): void {
  if (range?.ifMatch !== undefined && range.ifMatch !== etag) throw preconditionFailed(key, location);
}

/** Checks the range against the object and gives its end. */
export function rangeEnd(
  key: string,
  bytes: number,
  range: { start: number; end?: number } | undefined,
): { start: number; end: number } {
  const { start, end = bytes } = range ?? { start: 0 };
  if (start >= 0 && start <= end && end <= bytes) return { start, end };
  throw unsupported(`bytes ${start} to ${end} of ${key} were asked for, but it has ${bytes}`);
}
