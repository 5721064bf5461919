import { Inject, Injectable } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Catalog } from '#catalog';
import type { ApiConfig } from '#config';
import type { BackupRecord, Clock, NotificationRecord } from '#contracts';
import type { Metrics } from '#metrics';
import { deliver, type Channel } from '#notify';
import type { JobQueue } from '#queue';
import { API_CONFIG, CATALOG, CHANNELS, CLOCK, JOB_QUEUE, METRICS } from '../core/tokens.js';
import { ServiceLog } from '../logging/service-log.js';
import { Watch } from './watch.js';

/** Longer than a queued notification takes with a worker alive: then nobody but the API is left to send it. */
const leftLyingMs = 60_000;

/** What the API looks after besides schedules: overdue backups, dead workers, and messages that no worker sends. */
@Injectable()
export class Upkeep {
  readonly #watch: Watch;
  readonly #owner = `${hostname()}/${process.pid}/${randomUUID().slice(0, 8)}`;

  constructor(
    @Inject(API_CONFIG) private readonly config: ApiConfig,
    @Inject(CATALOG) private readonly catalog: Catalog,
    @Inject(JOB_QUEUE) private readonly queue: JobQueue,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CHANNELS) private readonly channels: readonly Channel[],
    @Inject(METRICS) private readonly metrics: Metrics,
    private readonly log: ServiceLog,
  ) {
    this.#watch = new Watch({
      catalog,
      clock,
      targets: config.targets,
      overdueMs: config.overdueMs,
      channels: channels.map(({ name }) => name),
    });
  }

  async look(): Promise<void> {
    const { notifications, liveWorkers } = await this.#watch.look();
    for (const notification of notifications) await this.#tell(notification);
    const now = this.clock.now().getTime();
    for (const lying of await this.catalog.alerts.undelivered(this.clock.now())) {
      const orphaned = liveWorkers === 0 || now - lying.createdAt.getTime() > leftLyingMs;
      if (orphaned) await this.#deliver(lying);
    }
  }

  /** A waiting slot that a newer one replaced: it failed, and people are told. */
  async superseded(old: BackupRecord, by: BackupRecord): Promise<void> {
    const { backupId, target, correlationId } = old;
    this.log.warn('superseded', { backupId, target, correlationId, by: by.backupId });
    const notification = await this.catalog.alerts.raise({
      key: `superseded/${target}`,
      kind: 'superseded',
      target,
      backupId,
      correlationId,
      message: `The backup ${backupId} was never begun: ${by.backupId} came due while an earlier one still ran`,
      hint: 'Backups take longer than the schedule allows: make it rarer, or the backups faster (docs/operations.md)',
      at: this.clock.now(),
      channels: this.channels.map(({ name }) => name),
    });
    if (notification !== null) await this.#tell(notification);
  }

  /** By the queue where somebody works there, else by ourselves at the next look. */
  async #tell({ notificationId, kind, target, message }: NotificationRecord): Promise<void> {
    this.log.warn('alert', { alert: kind, target, notificationId, message });
    try {
      await this.queue.add({ name: 'notify', payload: { notificationId }, jobId: `${notificationId}-0` });
    } catch (error) {
      this.log.failure(error, { notificationId });
    }
  }

  async #deliver(notification: NotificationRecord): Promise<void> {
    const report = await deliver(
      notification,
      {
        alerts: this.catalog.alerts,
        channels: this.channels,
        clock: this.clock,
        owner: this.#owner,
        onFailure: (channel, error) => {
          this.metrics.notificationFailed(channel);
          this.log.failure(error, { channel, notificationId: notification.notificationId });
        },
      },
      AbortSignal.timeout(deliveryLimitMs),
    );
    if (report.taken) this.log.info('alert delivered', { notificationId: notification.notificationId, ...report });
  }
}

const deliveryLimitMs = 25_000;
