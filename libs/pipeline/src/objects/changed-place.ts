import { AppError, primaryStore } from '#contracts';

/** An error of a store, with the name that people know the place by where another store stands there, and what to do if that is meant. */
export function changedPlace(name: string, thrown: unknown): AppError {
  const error = AppError.from(thrown, 'store');
  if (error.code !== 'store/changed') return error;
  return new AppError({
    ...{ code: error.code, stage: error.stage, cause: error },
    message: `${name === primaryStore ? 'The primary store' : `Destination ${name}`}: ${error.message}`,
    hint: `Is the volume mounted, and are bucket and prefix the right ones? If an empty store shall take its place: hazina destinations accept ${name}`,
  });
}
