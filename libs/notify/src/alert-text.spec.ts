import { describe, expect, it } from '@jest/globals';
import type { AlertKind } from '#contracts';
import { alertText } from './alert-text.js';
import { quotaState } from './quota-state.js';
import { notification } from './testing/notifications.js';

const kinds: Readonly<Record<AlertKind, string>> = {
  'backup-failed': 'backup failed: clinic',
  'verification-failed': 'verification failed: clinic',
  'restore-failed': 'restore failed: clinic',
  'drill-failed': 'drill failed: clinic',
  'drill-overdue': 'drill overdue: clinic',
  overdue: 'backup overdue: clinic',
  'no-worker': 'no worker runs: clinic',
  'quota-warning': 'storage quota nearly used: clinic',
  'quota-critical': 'storage quota almost exhausted: clinic',
  superseded: 'backup skipped: clinic',
  'cleanup-failed': 'retention stopped: clinic',
  'keys-missing': 'key missing: clinic',
  'size-anomaly': 'backup of an odd size: clinic',
  missing: 'backup missing from the store: clinic',
  'replica-behind': 'copies of backups behind: clinic',
  'store-unusable': 'store cannot be used: clinic',
  'unusual-activity': 'unusual activity: clinic',
  'hook-failed': 'hook failed: clinic',
  recovered: 'recovered: clinic',
  test: 'test message: clinic',
};

describe('the text of an alert', () => {
  it.each(Object.entries(kinds) as [AlertKind, string][])('%s says what, where and what to do', (kind, subject) => {
    const alert = alertText(notification({ kind, hint: null }));
    expect(alert.subject).toBe(subject);
    expect(alert.text).toMatch(/^\S.{20,}\.\n\nWhat happened: dump: connection to db\.example:27017 was refused\n/);
    expect(alert.text).toMatch(/\nWhat to do: \S.{15,}\n/);
    expect(alert.text).toContain(
      '\nTarget: clinic\nBackup: clinic-20260102T030405Z-abc123\nCorrelation id: c-12345678\n',
    );
    expect(alert.text).toContain('\nTime: 2026-01-02T03:10:00.000Z\n');
  });

  it('names what has recovered', () => {
    const alert = alertText(notification({ kind: 'recovered', of: 'overdue', backupId: null }));
    expect(alert.subject).toBe('recovered: backup overdue: clinic');
    expect(alert.text).not.toContain('Backup:');
  });

  it('leaves out what does not belong to a target', () => {
    const alert = alertText(notification({ kind: 'no-worker', target: null, backupId: null, correlationId: null }));
    expect(alert.subject).toBe('no worker runs');
    expect(alert.facts.map(([label]) => label)).toEqual(['What happened', 'What to do', 'Time']);
  });

  it('shows no credentials, and nothing that begins a new line', () => {
    const message = 'lost mongodb+srv://a:canary@b@host and redis://:canary@h\r\nBcc: everybody\u2028x';
    const alert = alertText(notification({ message, hint: 'see https://me:canary@wiki', target: 'a\nb' }));
    expect(JSON.stringify(alert)).not.toContain('canary');
    expect(alert.subject).toBe('backup failed: a b');
    expect(alert.facts[0]?.[1]).toBe('lost mongodb+srv://[redacted]@host and redis://[redacted]@h Bcc: everybody x');
  });

  it('cuts what is too long for a mail', () => {
    const alert = alertText(notification({ message: 'x'.repeat(5_000) }));
    expect(alert.facts[0]?.[1]).toHaveLength(1_000);
  });
});

describe('the state of a quota', () => {
  it.each([
    [null, 1e15, 'ok'],
    [100, 0, 'ok'],
    [100, 79.9, 'ok'],
    [100, 80, 'warning'],
    [100, 94.9, 'warning'],
    [100, 95, 'critical'],
    [100, 200, 'critical'],
    [0, 0, 'critical'],
  ])('of %p bytes with %p used is %s', (bytes, used, state) => {
    expect(quotaState(bytes, used)).toBe(state);
  });
});
