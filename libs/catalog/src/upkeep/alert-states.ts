import type { AlertKind, BackupRecord, NotificationRecord } from '#contracts';
import { notifyJob } from './follow-up-jobs.js';
import type { Look } from './report.js';
import { alertKey, type UpkeepOptions } from './upkeep-options.js';

/**
 * Raises and clears alerts by what the records say, so that no crash between a state and its alert loses one: failed backups, failed verifications,
 * superseded slots. Any number of processes may do this at the same time.
 */
export async function settleAlerts(options: UpkeepOptions, look: Look): Promise<void> {
  const { catalog } = options;
  await look.each(await catalog.backups.unalerted(), async (record) => {
    await raiseFailure(options, look, record);
    await catalog.backups.alerted(record.backupId);
  });
  const bad = await catalog.backups.failedVerifications();
  const raised = await catalog.alerts.raised();
  const isRaised = new Set(raised.map(({ key }) => key));
  await look.each(
    bad.filter(({ backupId }) => !isRaised.has(alertKey('verification-failed', backupId))),
    (record) => raiseVerification(options, look, record),
  );
  const isBad = new Set(bad.map(({ backupId }) => alertKey('verification-failed', backupId)));
  await look.each(raised, async ({ key, kind, target, since }) => {
    if (kind === 'verification-failed' && !isBad.has(key)) await clearVerification(options, look, key, target);
    if ((kind === 'backup-failed' || kind === 'superseded') && target !== null)
      await clearTarget(options, look, { key, kind, target, since });
  });
}

async function raiseFailure(options: UpkeepOptions, look: Look, record: BackupRecord): Promise<void> {
  const { backupId, target, correlationId, error } = record;
  const kind: AlertKind = error?.code === 'superseded' ? 'superseded' : 'backup-failed';
  await raised(
    options,
    look,
    await options.catalog.alerts.raise({
      ...{ key: alertKey(kind, target), kind, target, backupId, correlationId },
      message: record.errorMessage ?? `Backup ${backupId} failed`,
      hint: error?.hint ?? null,
      ...{ at: options.clock.now(), channels: options.channels },
    }),
  );
}

async function raiseVerification(options: UpkeepOptions, look: Look, record: BackupRecord): Promise<void> {
  const { backupId, target, correlationId, verifications } = record;
  const newest = verifications.at(-1);
  await raised(
    options,
    look,
    await options.catalog.alerts.raise({
      ...{
        key: alertKey('verification-failed', backupId),
        kind: 'verification-failed',
        target,
        backupId,
        correlationId,
      },
      message: `Backup ${backupId} failed its verification: ${newest?.error?.message ?? newest?.status ?? 'see its record'}`,
      hint: newest?.error?.hint ?? null,
      ...{ at: options.clock.now(), channels: options.channels },
    }),
  );
}

async function clearVerification(
  options: UpkeepOptions,
  look: Look,
  key: string,
  target: string | null,
): Promise<void> {
  const backupId = key.slice(alertKey('verification-failed', '').length);
  const record = await options.catalog.backups.find(backupId);
  const isProven = record?.verifications.at(-1)?.status === 'completed';
  const message =
    record?.status === 'completed'
      ? `Backup ${backupId} ${isProven ? 'passed its verification' : 'was copied anew from another place, and is verified again'}`
      : `Backup ${backupId}, which had failed its verification, is no longer kept`;
  const cleared = await options.catalog.alerts.clear(key, { message, at: options.clock.now(), target, backupId });
  await raised(options, look, cleared);
}

interface RaisedState {
  readonly key: string;
  readonly kind: AlertKind;
  readonly target: string;
  readonly since: Date;
}

async function clearTarget(
  options: UpkeepOptions,
  look: Look,
  { key, kind, target, since }: RaisedState,
): Promise<void> {
  const [newest] = await options.catalog.backups.latest(target, 1);
  if (newest?.status !== 'completed') return;
  // What superseded a slot may have been running since before: only a backup that ended afterwards shows that the target keeps up again.
  if (kind === 'superseded' && (newest.completedAt ?? since) <= since) return;
  const { backupId } = newest;
  const message = `Target ${target} has a good backup again: ${backupId}`;
  const cleared = await options.catalog.alerts.clear(key, { message, at: options.clock.now(), target, backupId });
  await raised(options, look, cleared);
}

export async function raised(
  { channels }: Pick<UpkeepOptions, 'channels'>,
  look: Look,
  notification: NotificationRecord | null,
): Promise<void> {
  if (notification === null) return;
  look.notifications.push(notification.notificationId);
  if (channels.length > 0) await look.enqueue(notifyJob(notification.notificationId));
}
