/** What people find a quota by. */
export interface QuotaNames {
  /** What fills it, as the subject of a sentence in the plural. */
  readonly what: string;
  /** Where it is set. */
  readonly setting: string;
  /** Where the days are set that backups are kept. */
  readonly days: string;
}

export const primaryQuota: QuotaNames = {
  what: 'Backups',
  setting: 'BACKUP_QUOTA_BYTES',
  days: 'BACKUP_RETENTION_DAYS',
};

export function destinationQuota(name: string): QuotaNames {
  const of = `of the destination ${name}`;
  return {
    what: `Copies in ${name}`,
    setting: `quotaBytes ${of}`,
    days: `retention.retentionDays ${of}`,
  };
}
