import { Inject, Injectable } from '@nestjs/common';
import type { JobPayloads } from '#contracts';
import { deliver } from '#notify';
import { PARTS } from '../core/tokens.js';
import type { WorkerParts } from '../core/worker-core.js';
import type { JobProcessor } from './job-processor.js';

/** Delivers a notification to the channels that do not have it yet. What is left is due later: the reconciler adds its job then. */
@Injectable()
export class NotifyProcessor implements JobProcessor<'notify'> {
  readonly name = 'notify';

  constructor(@Inject(PARTS) private readonly parts: WorkerParts) {}

  async process({ notificationId }: JobPayloads['notify'], signal: AbortSignal): Promise<void> {
    const { catalog, channels, clock, owner, metrics } = this.parts;
    const log = this.parts.log.child({ notificationId });
    const report = await deliver(
      { notificationId },
      {
        ...{ alerts: catalog.alerts, channels, clock, owner },
        onFailure: (channel, error, nextAttemptAt) => {
          metrics.notificationFailed(channel);
          log.failure('alert not delivered', error, 'notify', { channel, nextAttemptAt });
        },
      },
      signal,
    );
    if (report.taken)
      log.info('alert sent', { delivered: report.delivered, pending: report.pending, failed: report.failed });
  }
}
