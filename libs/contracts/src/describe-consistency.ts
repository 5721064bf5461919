import type { Consistency } from './backup-json.js';

/** What a backup is consistent to, in words for people. `at`: the moment, as a time of day, where there is one. */
export function describeConsistency({ mode, at }: Pick<Consistency, 'mode' | 'at'>): string {
  const moment = at === null ? 'one moment' : `${momentOf(at)} (${at.t}:${at.i})`;
  switch (mode) {
    case 'snapshot':
      return `all collections are as they were at ${moment}: they were read from one snapshot of the server`;
    case 'oplog':
      return `all collections are as they were at ${moment}, once a restore has replayed the oplog that the backup holds; without that, or in a part of it, each collection is as it was when it was read`;
    case 'none':
      return 'each collection is as it was when it was read, one after another: what was written meanwhile may be in one and not in another';
  }
}

/** The same in a few words, behind others. */
export function consistencyInBrief({ mode, at }: Pick<Consistency, 'mode' | 'at'>): string {
  if (mode === 'none') return 'its collections were read one after another';
  const moment = at === null ? 'of one moment' : `as of ${momentOf(at)}`;
  return mode === 'oplog' ? `${moment} once its oplog is replayed` : moment;
}

/** A time of an oplog, to the second. */
export function momentOf({ t }: { readonly t: number }): string {
  return new Date(t * 1000).toISOString().replace('.000Z', 'Z');
}
