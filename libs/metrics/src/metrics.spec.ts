import { describe, expect, it } from '@jest/globals';
import type { BackupRecord } from '#contracts';
import { createMetrics, type Metrics } from './metrics.js';

const at = (time: string) => new Date(`2026-01-02T${time}Z`);
const seconds = (time: string) => at(time).getTime() / 1_000;

/** Sample lines of the exposition: `name{labels}` → value. */
async function samples(metrics: Metrics): Promise<Map<string, number>> {
  const lines = (await metrics.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const [, series = '', value = ''] = /^(\S+(?:\{.*\})?) (\S+)$/.exec(line) ?? [];
      return [series, Number(value)];
    }),
  );
}

function record(changes: Partial<BackupRecord>): BackupRecord {
  return {
    target: 'clinic',
    status: 'completed',
    ...{ trigger: 'schedule', database: '*', part: null },
    startedAt: null,
    completedAt: null,
    size: null,
    verificationStatus: { verified: false, level: null, verifiedAt: null, verificationHash: null },
    ...changes,
  } as BackupRecord;
}

describe('a target that is configured no more', () => {
  it('leaves its counters alone, also when a run of it ends later; another of its name begins anew', async () => {
    const metrics = createMetrics({ app: 'worker', version: '1.2.3' });
    const of = async (target: string) =>
      [...(await samples(metrics)).keys()].filter((series) => series.includes(`target="${target}"`));
    tellAll(metrics);
    // A restore target is none of these, whatever it is called.
    metrics.restoreTargetKnown('clinic', at('06:00:00'));
    metrics.targetKnown('shop', 3_600);
    metrics.lastSucceeded('shop', at('02:00:00'));
    const shop = await of('shop');
    metrics.targetsConfigured(['shop', 'clinic']);
    expect(await of('clinic')).toContain('hazina_backup_last_success_timestamp_seconds{target="clinic"}');

    metrics.targetsConfigured(['shop']);
    const left = [...(await of('clinic'))];
    expect(left).toContain('hazina_restore_last_success_timestamp_seconds{target="clinic"}');
    expect(left.filter((series) => !/_(total|sum|count|bucket)\{/.test(series))).toHaveLength(1);
    expect(await of('shop')).toEqual(shop);

    metrics.lastSucceeded('clinic', at('07:00:00'));
    metrics.targetsConfigured(['shop']);
    expect(await of('clinic')).toEqual(left);

    metrics.targetKnown('clinic', 60);
    metrics.lastSucceeded('clinic', at('01:00:00'));
    metrics.targetsConfigured(['shop', 'clinic']);
    expect((await samples(metrics)).get('hazina_backup_last_success_timestamp_seconds{target="clinic"}')).toBe(
      seconds('01:00:00'),
    );
  });
});

/** Everything a process may tell, once. */
function tellAll(metrics: Metrics): void {
  metrics.targetKnown('clinic', 86_400);
  metrics.backupStarted({ target: 'clinic', at: at('02:00:05'), slot: at('02:00:00') });
  metrics.backupEnded({
    target: 'clinic',
    trigger: 'schedule',
    result: 'completed',
    at: at('02:03:00'),
    durationSeconds: 175,
    sizeBytes: 1_000,
    archiveBytes: 5_000,
    resources: { cpuSeconds: 12.5, peakRssBytes: 2e8, archiveBytesPerSecond: 28, eventLoopDelayMs: 3 },
  });
  metrics.verificationEnded({ target: 'clinic', level: 'readable', result: 'completed', at: at('02:05:00') });
  metrics.restoreEnded({ target: 'staging', result: 'failed', at: new Date(5_000), durationSeconds: 3 });
  metrics.restoreEnded({ target: 'dr', result: 'completed', at: new Date(7_000), durationSeconds: 4 });
  metrics.recoveryKnown('clinic', { point: at('02:00:05'), lastDrill: null });
  metrics.drillEnded({ target: 'clinic', result: 'completed', at: at('05:00:00'), restoreMs: 12_500 });
  // One that found differences measured nothing that counts.
  metrics.drillEnded({ target: 'clinic', result: 'completed_with_differences', at: at('05:30:00'), restoreMs: 99_000 });
  // An older one, from the catalogue, takes nothing back.
  metrics.recoveryKnown('clinic', { point: at('02:00:05'), lastDrill: { at: at('04:00:00'), restoreMs: 12_500 } });
  metrics.retentionRan({ at: at('03:00:00'), kept: { locked: 4, refused: 5 } });
  metrics.retentionRan({ at: at('03:00:00'), kept: null });
  metrics.retentionDeleted(2);
  metrics.recoveryWindow('clinic', at('01:00:00'));
  metrics.storeFindings({ orphanUploads: 1, orphanObjects: 2, missingObjects: 3 });
  metrics.leaseExpired();
  metrics.clockSkew(-1.5);
  metrics.keysMissing(0);
  metrics.queueJobs({ backup: { waiting: 2, active: 1 }, verify: { waiting: 0 } });
  metrics.notificationFailed('webhook');
  metrics.httpRequest({ route: '/api/admin/backups/:backupId', method: 'GET', status: 200, seconds: 0.02 });
}

describe('the metrics', () => {
  it('have the names and values that alert rules rely on', async () => {
    const metrics = createMetrics({ app: 'worker', version: '1.2.3' });
    tellAll(metrics);
    const found = await samples(metrics);
    const expected: [string, number][] = [
      [`hazina_build_info{app="worker",version="1.2.3",node_version="${process.version}"}`, 1],
      ['hazina_backup_last_success_timestamp_seconds{target="clinic"}', seconds('02:03:00')],
      ['hazina_backup_last_attempt_timestamp_seconds{target="clinic"}', seconds('02:00:05')],
      ['hazina_backup_last_status{target="clinic"}', 1],
      ['hazina_backup_last_size_bytes{target="clinic"}', 1_000],
      ['hazina_backup_expected_interval_seconds{target="clinic"}', 86_400],
      ['hazina_backups_total{target="clinic",trigger="schedule",result="completed"}', 1],
      ['hazina_backups_total{target="clinic",trigger="schedule",result="failed"}', 0],
      ['hazina_backup_duration_seconds_sum{target="clinic",trigger="schedule"}', 175],
      ['hazina_backup_duration_seconds_bucket{le="300",target="clinic",trigger="schedule"}', 1],
      ['hazina_backup_bytes_total{target="clinic",stage="archive"}', 5_000],
      ['hazina_backup_bytes_total{target="clinic",stage="stored"}', 1_000],
      ['hazina_backup_cpu_seconds{target="clinic"}', 12.5],
      ['hazina_backup_peak_rss_bytes{target="clinic"}', 2e8],
      ['hazina_verify_last_success_timestamp_seconds{target="clinic"}', seconds('02:05:00')],
      ['hazina_verifications_total{target="clinic",level="readable",result="completed"}', 1],
      ['hazina_restores_total{target="staging",result="failed"}', 1],
      ['hazina_restores_total{target="dr",result="completed"}', 1],
      ['hazina_restore_duration_seconds_sum{target="dr"}', 4],
      ['hazina_restore_last_success_timestamp_seconds{target="dr"}', 7],
      ['hazina_drills_total{target="clinic",result="completed"}', 1],
      ['hazina_drills_total{target="clinic",result="failed"}', 0],
      ['hazina_drill_last_success_timestamp_seconds{target="clinic"}', seconds('05:00:00')],
      ['hazina_recovery_time_seconds{target="clinic"}', 12.5],
      ['hazina_recovery_point_timestamp_seconds{target="clinic"}', seconds('02:00:05')],
      ['hazina_retention_deleted_total', 2],
      ['hazina_retention_locked', 4],
      ['hazina_retention_refused', 5],
      ['hazina_retention_last_run_timestamp_seconds', seconds('03:00:00')],
      ['hazina_recovery_window_oldest_timestamp_seconds{target="clinic"}', seconds('01:00:00')],
      ['hazina_orphan_multipart_uploads', 1],
      ['hazina_orphan_objects', 2],
      ['hazina_missing_objects', 3],
      ['hazina_lease_expired_total', 1],
      ['hazina_schedule_drift_seconds{target="clinic"}', 5],
      ['hazina_clock_skew_seconds', -1.5],
      ['hazina_key_missing', 0],
      ['hazina_queue_jobs{queue="backup",state="waiting"}', 2],
      ['hazina_notification_failures_total{channel="webhook"}', 1],
      ['hazina_http_request_duration_seconds_count{route="/api/admin/backups/:backupId",method="GET",status="200"}', 1],
    ];
    for (const [series, value] of expected) expect([series, found.get(series)]).toEqual([series, value]);
    expect([...found.keys()].filter((series) => series.startsWith('nodejs_eventloop_lag_'))).not.toEqual([]);
    expect(found.get('process_resident_memory_bytes')).toBeGreaterThan(1e6);
    expect(metrics.contentType).toMatch(/^text\/plain; version=0\.0\.4/);
  });

  it('follow the rules of Prometheus: names, units, help, few labels', async () => {
    const metrics = createMetrics({ app: 'api', version: '1' });
    tellAll(metrics);
    const text = await metrics.text();
    const families = [...text.matchAll(/^# HELP (\S+) (.+)\n# TYPE \1 (\S+)$/gm)].map(
      ([, name = '', help = '', type = '']) => ({
        name,
        help,
        type,
      }),
    );
    const own = families.filter(({ name }) => name.startsWith('hazina_'));
    expect(own.length).toBeGreaterThan(25);
    expect(families).toHaveLength(text.match(/^# TYPE /gm)?.length ?? 0);
    for (const { name, help, type } of own) {
      expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
      expect(help).toMatch(/\w{3}/);
      expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
      if (type === 'histogram') expect(name).toMatch(/_seconds$/);
    }
    const known = new Set(
      own.flatMap(({ name, type }) =>
        type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
      ),
    );
    const labels = new Set<string>();
    for (const [, name = '', pairs = ''] of text.matchAll(/^(hazina_\w+)(?:\{(.*)\})? /gm)) {
      expect(known).toContain(name);
      for (const [, label = ''] of pairs.matchAll(/(\w+)="/g)) labels.add(label);
    }
    const allowed = ['app', 'version', 'node_version', 'target', 'trigger', 'result', 'stage', 'level', 'le'];
    expect([...labels].sort()).toEqual([...allowed, 'queue', 'state', 'channel', 'route', 'method', 'status'].sort());
  });

  it('say nothing of what the process does not know', async () => {
    const found = await samples(createMetrics({ app: 'api', version: '1' }));
    const own = [...found.keys()].filter((series) => series.startsWith('hazina_'));
    expect(own.filter((series) => !series.startsWith('hazina_build_info'))).toEqual([
      'hazina_config_invalid',
      'hazina_retention_deleted_total',
      'hazina_lease_expired_total',
    ]);
  });

  it('are each process object its own', async () => {
    const [one, other] = [createMetrics({ app: 'api', version: '1' }), createMetrics({ app: 'worker', version: '1' })];
    one.leaseExpired();
    expect((await samples(other)).get('hazina_lease_expired_total')).toBe(0);
  });

  it('take up the last runs from the catalogue, in any order, and never step back', async () => {
    const metrics = createMetrics({ app: 'worker', version: '1' });
    metrics.restoreLast([
      record({ startedAt: at('01:00:00'), completedAt: at('01:10:00'), size: 700 }),
      record({ status: 'failed', startedAt: at('02:00:00'), completedAt: at('02:10:00') }),
      record({
        startedAt: at('00:00:00'),
        completedAt: at('00:10:00'),
        size: 600,
        verificationStatus: { verified: true, level: 'readable', verifiedAt: at('00:20:00'), verificationHash: null },
      }),
      record({ status: 'cancelled', startedAt: at('02:30:00') }),
      // Parts, made by hand.
      record({ trigger: 'cli', database: 'billing', startedAt: at('03:00:00'), completedAt: at('03:10:00'), size: 1 }),
      record({ ...{ trigger: 'cli', part: 'a b', size: 2 }, startedAt: at('03:20:00'), completedAt: at('03:30:00') }),
      record({ status: 'pending' }),
      record({ target: 'other', status: 'missing', startedAt: at('01:00:00'), completedAt: at('01:30:00'), size: 5 }),
    ]);
    const found = await samples(metrics);
    const of = (name: string, target = 'clinic') => found.get(`hazina_${name}{target="${target}"}`);
    expect(of('backup_last_success_timestamp_seconds')).toBe(seconds('01:10:00'));
    expect(of('backup_last_attempt_timestamp_seconds')).toBe(seconds('02:30:00'));
    expect(of('backup_last_status')).toBe(0);
    expect(of('backup_last_size_bytes')).toBe(700);
    expect(of('verify_last_success_timestamp_seconds')).toBe(seconds('00:20:00'));
    expect(of('backup_last_status', 'other')).toBe(1);
    expect(found.has('hazina_backup_expected_interval_seconds{target="clinic"}')).toBe(false);

    const old = { target: 'clinic', trigger: 'manual', at: at('01:05:00'), durationSeconds: 1 } as const;
    metrics.backupEnded({ ...old, result: 'completed', sizeBytes: 1, archiveBytes: 1, resources: null });
    expect((await samples(metrics)).get('hazina_backup_last_size_bytes{target="clinic"}')).toBe(700);
  });

  it('keep failures and cancelled runs apart', async () => {
    const metrics = createMetrics({ app: 'worker', version: '1' });
    const run = {
      target: 'clinic',
      trigger: 'manual',
      durationSeconds: 1,
      sizeBytes: null,
      archiveBytes: null,
      resources: null,
    } as const;
    metrics.backupEnded({ ...run, result: 'failed', at: at('01:00:00') });
    metrics.backupEnded({ ...run, result: 'cancelled', at: at('02:00:00') });
    const found = await samples(metrics);
    expect(found.get('hazina_backup_last_status{target="clinic"}')).toBe(0);
    expect(found.get('hazina_backups_total{target="clinic",trigger="manual",result="cancelled"}')).toBe(1);
    expect([...found.keys()].some((series) => series.startsWith('hazina_backup_duration_seconds_count'))).toBe(false);
  });

  it('bound what requests can make of labels', async () => {
    const metrics = createMetrics({ app: 'api', version: '1' });
    for (let number = 0; number < 500; number += 1) {
      metrics.httpRequest({ route: `/slip/${number}`, method: `M${number}`, status: 404, seconds: 0.001 });
    }
    metrics.httpRequest({ route: undefined, method: 'GET', status: 404, seconds: 0.001 });
    const counts = [...(await samples(metrics)).keys()].filter((series) =>
      series.startsWith('hazina_http_request_duration_seconds_count'),
    );
    expect(counts).toHaveLength(202);
    expect(counts).toContain('hazina_http_request_duration_seconds_count{route="none",method="GET",status="404"}');
    expect(counts).toContain('hazina_http_request_duration_seconds_count{route="other",method="other",status="404"}');
  });
});
