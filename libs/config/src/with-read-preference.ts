import { Secret } from '#contracts';
import type { ReadPreference } from './targets-file.js';

/** A MongoDB URI that reads from these members, whatever it said itself. */
export function withReadPreference(uri: Secret, readPreference: ReadPreference | undefined): Secret {
  const text = uri.reveal();
  if (readPreference === undefined || text === '') return uri;
  const [base = '', query = ''] = text.split('?', 2);
  const kept = query.split('&').filter((option) => option !== '' && !/^readpreference=/i.test(option));
  const path = /^[^/]+:\/\/[^/]*$/.test(base) ? `${base}/` : base;
  return new Secret(`${path}?${[...kept, `readPreference=${readPreference}`].join('&')}`);
}
