import { expect, it } from '@jest/globals';
import type { BackupRecord } from '#contracts';
import { createMetrics } from './metrics.js';
import { refreshLast } from './refresh-last.js';

const at = (minute: number) => new Date(Date.UTC(2026, 10, 25, 2, minute));
const failed = (minute: number) =>
  ({
    ...{ target: 'clinic', status: 'failed', startedAt: at(minute), completedAt: at(minute), size: null },
    verificationStatus: { verified: false, level: null, verifiedAt: null, verificationHash: null },
  }) as BackupRecord;

it('failures, however many, do not hide the last success', async () => {
  const metrics = createMetrics({ app: 'api', version: 'test' });
  const source = {
    latest: (_target: string, limit: number) =>
      Promise.resolve(Array.from({ length: limit }, (_, index) => failed(59 - index))),
    lastSuccess: () => Promise.resolve({ clinic: at(0) }),
  };
  await refreshLast(metrics, source, () => ['clinic', 'never']);
  const text = await metrics.text();
  expect(text).toContain(
    `hazina_backup_last_success_timestamp_seconds{target="clinic"} ${String(at(0).getTime() / 1000)}`,
  );
  expect(text).toContain('hazina_backup_last_status{target="clinic"} 0');
  expect(text).not.toContain('target="never"');

  metrics.targetKnown('clinic', 3600);
  await refreshLast(metrics, source, () => ['never']);
  expect(await metrics.text()).not.toContain('hazina_backup_last_success_timestamp_seconds{target="clinic"}');
});

it('targets that are read again meanwhile keep what is told of them', async () => {
  const metrics = createMetrics({ app: 'api', version: 'test' });
  let targets = ['clinic'];
  const source = {
    latest: () => {
      // As a reload does.
      targets = ['shop'];
      metrics.targetKnown('shop', 60);
      metrics.targetsConfigured(targets);
      return Promise.resolve([failed(1)]);
    },
    lastSuccess: () => Promise.resolve({}),
  };
  metrics.targetKnown('clinic', 3600);
  await refreshLast(metrics, source, () => targets);
  const text = await metrics.text();
  expect(text).toContain('hazina_backup_expected_interval_seconds{target="shop"} 60');
  expect(text).not.toMatch(/hazina_backup_(expected_interval_seconds|last_status)\{target="clinic"\}/);
});
