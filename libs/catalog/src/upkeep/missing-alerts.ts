import type { BackupRecord } from '#contracts';
import { everyMissing } from '../backups/every-record.js';
import { raised } from './alert-states.js';
import type { Look } from './report.js';
import { alertKey, type UpkeepOptions } from './upkeep-options.js';

/**
 * A backup that is missing in the primary store, and stands in no destination from which it would come home, is lost: told once, whoever found it missing (a command
 * tells nobody but whoever typed it). Cleared when it is there again by whatever way, or nobody wants it any more.
 */
export async function settleMissingAlerts(options: UpkeepOptions, look: Look): Promise<void> {
  const { catalog } = options;
  const missing = await everyMissing(catalog, null);
  const before = (await catalog.alerts.raised()).filter(({ kind }) => kind === 'missing');
  const isRaised = new Set(before.map(({ key }) => key));
  const standing = await catalog.copies.standing(missing.map(({ backupId }) => backupId));
  const lost = missing.filter(
    ({ backupId }) => !standing.has(backupId) && !isRaised.has(alertKey('missing', backupId)),
  );
  await look.each(lost, (record) => raise(options, look, record));
  const isMissing = new Set(missing.map(({ backupId }) => alertKey('missing', backupId)));
  await look.each(
    before.filter(({ key }) => !isMissing.has(key)),
    ({ key }) => clear(options, look, key),
  );
}

async function raise({ catalog, clock, channels }: UpkeepOptions, look: Look, record: BackupRecord): Promise<void> {
  const { backupId, target, correlationId } = record;
  const notification = await catalog.alerts.raise({
    ...{ key: alertKey('missing', backupId), kind: 'missing', target, backupId, correlationId },
    message: `Backup ${backupId} is missing in the store, and stands in no destination`,
    hint: 'Bring its objects back (versions, replicas) and run hazina catalog sync, or make a new backup',
    ...{ at: clock.now(), channels },
  });
  await raised({ channels }, look, notification);
}

/** Read again: it may be missing since the list was made, and told of just now. */
async function clear({ catalog, clock, channels }: UpkeepOptions, look: Look, key: string): Promise<void> {
  const backupId = key.slice(alertKey('missing', '').length);
  const record = await catalog.backups.find(backupId);
  if (record?.status === 'missing' || record?.status === 'deleting') return;
  const message =
    record?.status === 'completed'
      ? `Backup ${backupId} is in the store again`
      : `Backup ${backupId}, which was missing in the store, is no longer kept`;
  const cleared = await catalog.alerts.clear(key, {
    ...{ message, at: clock.now(), target: record?.target ?? null, backupId },
  });
  await raised({ channels }, look, cleared);
}
