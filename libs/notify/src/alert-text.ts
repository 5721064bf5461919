import type { AlertKind, NotificationRecord } from '#contracts';
import { harmlessLine } from './harmless-text.js';

/** An alert as people read it. */
export interface AlertText {
  /** One line, without the `[Hazina]` of mails. */
  readonly subject: string;
  /** Plain text: what happened, what to do, and the names to look for. */
  readonly text: string;
  /** The same in parts, in order, for a layout. */
  readonly lead: string;
  readonly facts: readonly (readonly [label: string, value: string])[];
}

interface Wording {
  /** Before `: <target>`. */
  readonly subject: string;
  readonly lead: string;
  /** When the one who raised the alert gave no hint. */
  readonly next: string;
}

const wordings: Readonly<Record<AlertKind, Wording>> = {
  'backup-failed': {
    subject: 'backup failed',
    lead: 'A backup failed, and no attempt is left. The next scheduled one is made as usual.',
    next: 'Look at the record of the backup, mend the cause, and trigger a backup',
  },
  'verification-failed': {
    subject: 'verification failed',
    lead: 'A stored backup did not pass its verification. Do not count on it for a restore.',
    next: 'Trigger a new backup now, then find out what damaged this one',
  },
  'restore-failed': {
    subject: 'restore failed',
    lead: 'A restore failed. Unless its record says otherwise, the target is as it was.',
    next: 'Look at the record of the restore, mend the cause, and ask for it again',
  },
  'drill-failed': {
    subject: 'drill failed',
    lead: 'A backup was restored as a drill, and that failed or something differs. Do not count on it for a restore.',
    next: 'Look at the record of the drill, and drill another backup of the target',
  },
  'drill-overdue': {
    subject: 'drill overdue',
    lead: 'No drill found all equal for longer than the schedule of drills promises.',
    next: 'Check that a worker runs and reaches the scratch target, and look at the latest drills',
  },
  overdue: {
    subject: 'backup overdue',
    lead: 'No good backup was made for longer than the schedule promises.',
    next: 'Check that a worker runs and reaches the server, and look at the latest records of the target',
  },
  'no-worker': {
    subject: 'no worker runs',
    lead: 'No worker has shown a sign of life. Backups that come due wait until one does.',
    next: 'Start a worker, or read the log of the one that ended',
  },
  'quota-warning': {
    subject: 'storage quota nearly used',
    lead: 'Backups use over 80 % of the storage quota of a place that they lie in.',
    next: 'Raise the quota, or keep fewer backups',
  },
  'quota-critical': {
    subject: 'storage quota almost exhausted',
    lead: 'Backups use over 95 % of the storage quota of a place that they lie in.',
    next: 'Raise the quota, or keep fewer backups, before the store is full',
  },
  'replica-behind': {
    subject: 'copies of backups behind',
    lead: 'A store does not have every backup that it should have. Another one has them.',
    next: 'Look why the copies of that store fail (hazina destinations list); they are tried again by themselves',
  },
  'store-unusable': {
    subject: 'store cannot be used',
    lead: 'A store that backups are kept in does not answer, or is not the store that it was. Backups go on in the others.',
    next: 'Look at the store, its credentials and the way to it; what it lacks is copied by itself when it answers again',
  },
  superseded: {
    subject: 'backup skipped',
    lead: 'A scheduled backup never ran: the next one came due before it could begin.',
    next: 'Look whether workers run, and what takes the running backup so long; or make the schedule rarer',
  },
  'cleanup-failed': {
    subject: 'retention stopped',
    lead: 'Backups that are too old are not removed. Nothing is lost by that, and the store fills up.',
    next: 'Run hazina cleanup --dry-run to see what would go, and read in the log of the worker why it does not',
  },
  'keys-missing': {
    subject: 'key missing',
    lead: 'Kept backups cannot be opened, so they cannot be restored: no worker has a key of theirs. New backups go on.',
    next: 'Add the missing keys to BACKUP_ENCRYPTION_KEYS_RETIRED, from the copy that is kept apart from the backups',
  },
  'size-anomaly': {
    subject: 'backup of an odd size',
    lead: 'A backup is far smaller or larger than the ones before it. It is whole, and holds what the database held.',
    next: 'See whether the database holds what it should; if the change is meant, nothing needs to be done',
  },
  missing: {
    subject: 'backup missing from the store',
    lead: 'Objects of a completed backup are no longer in the store.',
    next: 'Find out who removed them (access log, life-cycle rules), and trigger a new backup',
  },
  'unusual-activity': {
    subject: 'unusual activity',
    lead: 'Somebody does what is not usual here. It may be one of you; it may be an attack.',
    next: 'Look at the audit log (GET /api/admin/audit), and revoke tokens that are in wrong hands',
  },
  'hook-failed': {
    subject: 'hook failed',
    lead: 'A hook after a backup did not do what it is there for. The backup itself is as good as it is told to be.',
    next: 'Look at the log of the worker, and whether something is still locked or paused by a hook before the backup',
  },
  recovered: {
    subject: 'recovered',
    lead: 'What was reported before is over.',
    next: 'Nothing needs to be done',
  },
  test: {
    subject: 'test message',
    lead: 'This is a test: alerts reach you on this way.',
    next: 'Nothing needs to be done',
  },
};

export function alertText(notification: NotificationRecord): AlertText {
  const { kind, of, target, message, hint, backupId, correlationId, createdAt } = notification;
  const wording = wordings[kind];
  const subject = [
    wording.subject,
    ...(of === null ? [] : [wordings[of].subject]),
    ...(target === null ? [] : [target]),
  ];
  const optional = (label: string, value: string | null): [string, string][] =>
    value === null ? [] : [[label, value]];
  const facts: [string, string][] = [
    ['What happened', message],
    ['What to do', hint ?? wording.next],
    ...optional('Target', target),
    ...optional('Backup', backupId),
    ...optional('Correlation id', correlationId),
    ['Time', createdAt.toISOString()],
  ];
  const lines = facts.map(([label, value]) => [label, harmlessLine(value)] as const);
  return {
    subject: harmlessLine(subject.join(': '), 150),
    text: [wording.lead, '', ...lines.map(([label, value]) => `${label}: ${value}`), ''].join('\n'),
    lead: wording.lead,
    facts: lines,
  };
}
