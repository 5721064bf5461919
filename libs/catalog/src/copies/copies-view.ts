import { seriesOf, type SeriesFacts } from '#contracts';
import { lastRunsFailed, serverTimeOf } from '../backups/cleanup-view.js';
import { userOf } from '../backups/deletion-view.js';
import { isFoundBad } from '../backups/is-good.js';
import type { Catalog } from '../contract/catalog.js';
import type { KeptCopy } from '../contract/copies.js';
import { isAway } from './is-away.js';

/** The copies of a destination as its retention sees them (the pipeline's `CopiesCatalog`, in the same form). */
export function copiesCatalog(catalog: Catalog, destination: string) {
  const { copies } = catalog;
  return {
    recorded: async () =>
      (await copies.kept(destination)).map((kept) => ({
        backupId: kept.copy.backupId,
        attempt: kept.copy.sealedAs ?? attemptOf(kept),
      })),
    async standing() {
      const kept = await copies.kept(destination);
      const series = seriesOf(kept.map(factsOf));
      return Promise.all(kept.map((one) => viewOf(catalog, one, series(factsOf(one)))));
    },
    serverTime: () => serverTimeOf(catalog),
    lastRunsFailed: (target: string) => lastRunsFailed(catalog, target),
    beginRemove: (copyId: string) => copies.beginRemove(copyId),
  };
}

/** Null where the backup was sealed anew in the primary store meanwhile: the copy is an earlier attempt until it follows. */
function attemptOf({ copy: { stamp }, backup }: KeptCopy): number | null {
  const isCopied = backup !== null && stamp?.split(' ')[0] === backup.hash;
  return isCopied ? (backup.commit?.attempt ?? null) : null;
}

/** Of what no record tells any more nobody knows whether it was a part. */
function factsOf({ copy: { target }, backup }: KeptCopy): SeriesFacts {
  const { trigger = null, database = null, part = null } = backup ?? {};
  return { target, trigger, database, part };
}

async function viewOf(catalog: Catalog, { copy, backup }: KeptCopy, series: string) {
  const { copyId, backupId, target, completedAt, bytes, lockedUntil, verifiedAt } = copy;
  return {
    ...{ copyId, backupId, target, series, completedAt, bytes, lockedUntil },
    // Its record went long after retention had taken it.
    outlived: copy.outlived || backup === null,
    pinned: backup?.pinned ?? false,
    // Only destinations have what is not at home: until it is it stays, whatever the rules say.
    usedBy:
      backup === null
        ? null
        : ((await userOf(catalog, backup)) ?? (isAway(backup) ? 'it is to be brought home' : null)),
    // Retention took it from the primary store, which says nothing against the copy.
    good: backup === null || !isFoundBad(backup),
    verified: verifiedAt !== null,
  };
}
