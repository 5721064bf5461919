import { Inject, Injectable } from '@nestjs/common';
import { AppError, type Clock, type NotificationRecord, type Random } from '#contracts';
import type { Channel } from '#notify';
import { CHANNELS, CLOCK, RANDOM } from '../core/tokens.js';
import type { RequestContext } from '../http/request-context.js';
import type { Plain } from '../http/plain.js';
import type { ChannelTestDto, NotificationTestDto } from './notifications.dto.js';

/** The reply is due in three seconds; an alert waits longer. */
const mostMs = 2_400;

/** Sends a test message by every channel that this process has, all at once, past the queue: what is tried is the way from here to people. */
@Injectable()
export class TestChannels {
  constructor(
    @Inject(CHANNELS) private readonly channels: readonly Channel[],
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(RANDOM) private readonly random: Random,
  ) {}

  async run({ identity, correlationId, deadline }: RequestContext): Promise<Plain<NotificationTestDto>> {
    const notificationId = `test-${this.random.bytes(8).toString('hex')}`;
    const notification: NotificationRecord = {
      ...{ notificationId, kind: 'test', of: null, target: null, backupId: null, correlationId, hint: null },
      message: `Asked for by ${identity?.subject ?? 'somebody'}`,
      createdAt: this.clock.now(),
      deliveries: [],
    };
    const withinMs = Math.min(mostMs, Math.max(0, deadline.remainingMs() - 200));
    const tried = this.channels.map((channel) => this.#try(channel, notification, withinMs));
    return { notificationId, channels: await Promise.all(tried) };
  }

  async #try(channel: Channel, notification: NotificationRecord, withinMs: number): Promise<Plain<ChannelTestDto>> {
    const signal = AbortSignal.timeout(withinMs);
    const began = this.clock.monotonicMs();
    const outcome = (error: string | null, hint: string | null): Plain<ChannelTestDto> => {
      const milliseconds = Math.round(this.clock.monotonicMs() - began);
      return { channel: channel.name, delivered: error === null, milliseconds, error, hint };
    };
    try {
      await channel.send(notification, signal);
      return outcome(null, null);
    } catch (thrown) {
      if (signal.aborted)
        return outcome(`No answer within ${withinMs} ms`, 'A test waits no longer; an alert does, and is sent again');
      // The texts of channels hold no secret (libs/notify); those of anything else are not shown.
      const { code, message, hint = null } = AppError.from(thrown, 'notify');
      return code === 'notify/failed' ? outcome(message, hint) : outcome('It failed unexpectedly: see the log', null);
    }
  }
}
