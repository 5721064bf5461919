import { setTimeout as delay } from 'node:timers/promises';
import { alertKey, isAlive } from '#catalog';
import { clearAlert, raiseAlert, type AlertDeps } from '../alerts/settle-alert.js';
import { findMissingKeys, type MissingKeys } from './check-keys.js';
import type { WorkerParts } from './worker-core.js';

/** So many backups, and so many keys, are named. */
const mostNamed = 3;
const fleet = 'fleet';
export const keysHint = 'Add them to BACKUP_ENCRYPTION_KEYS_RETIRED: without them these backups cannot be restored';

type Parts = AlertDeps &
  Pick<WorkerParts, 'owner' | 'openingKeyIds'> & { readonly config: Pick<WorkerParts['config'], 'lease'> };

/**
 * Kept backups that no living worker opens: told once, and once more when one does. What a worker alone lacks stands in its log and its metrics: in the middle of a
 * rolling change of keys that is as it should be. When a whole fleet starts, a worker that has the keys may not have said so yet: two looks must find the same.
 */
export async function settleKeysAlert(parts: Parts, signal: AbortSignal): Promise<void> {
  const { config } = parts;
  let missing = await missingInFleet(parts);
  if (missing.backups > 0) {
    await delay(3 * config.lease.beatMs, undefined, { signal });
    missing = await missingInFleet(parts);
  }
  if (missing.backups === 0) {
    const message = 'Every kept backup is opened by the keys of a worker again';
    await clearAlert(parts, alertKey('keys-missing', fleet), { message });
    return;
  }
  const { backups, newest, keyIds } = missing;
  await raiseAlert(parts, 'keys-missing', fleet, {
    message: `No worker opens ${backups} of the kept backups, the newest of them ${newest.slice(0, mostNamed).join(', ')}: ${named(keyIds)}`,
    hint: keysHint,
  });
}

async function missingInFleet({ catalog, owner, openingKeyIds }: Parts): Promise<MissingKeys> {
  const own = await findMissingKeys(catalog, openingKeyIds);
  if (own.backups === 0) return own;
  const others = (await catalog.workers.all()).filter((worker) => worker.workerId !== owner && isAlive(worker));
  const theirs = others.flatMap(
    // One of an older version does not tell which open.
    ({ openingKeyIds: opening, keyIds, reads }) => opening ?? (reads === false ? [] : keyIds),
  );
  return findMissingKeys(catalog, [...openingKeyIds, ...theirs]);
}

function named(keyIds: readonly string[]): string {
  const [first = '', ...more] = keyIds;
  if (more.length === 0) return `none has the key ${first}`;
  const others = keyIds.length > mostNamed ? ` and ${keyIds.length - mostNamed} more` : '';
  return `none has the keys ${keyIds.slice(0, mostNamed).join(', ')}${others}`;
}
