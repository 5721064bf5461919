import type { Readable } from 'node:stream';
import { AppError } from '#contracts';
import { resumingGet, type ObjectStore, type ResumingGetOptions } from '#storage';

/** The stored bytes of an object that `backup.json` names. One that goes while it is read is as missing as one that was not there: `backup/missing`. */
export function readObject(store: ObjectStore, key: string, options: Omit<ResumingGetOptions, 'gone'>): Readable {
  return resumingGet(store, key, { ...options, gone: () => missingObject(key, store.location) });
}

export function missingObject(name: string, location: string): AppError {
  return new AppError({
    code: 'backup/missing',
    stage: 'open',
    message: `${name} is not in ${location}`,
    hint: 'The object was removed from the store: restore another backup, or bring the object back (versions, replicas)',
  });
}
