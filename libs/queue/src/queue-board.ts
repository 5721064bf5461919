import type { BaseAdapter } from '@bull-board/api/baseAdapter';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { Queue } from 'bullmq';
import { queueNames } from '#contracts';
import { queueSettings, type JobQueueOptions } from './job-queue.js';
import { RedisLink } from './redis-link.js';

/** The queues as bull-board shows them: to look at, and nothing else. */
export interface QueueBoard {
  readonly adapters: readonly BaseAdapter[];
  /** Runs one look within the deadline; throws `queue/unavailable`. */
  look<T>(command: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** On a connection of its own: whoever looks holds up nobody who works. */
export function openQueueBoard(options: JobQueueOptions): QueueBoard {
  const link = new RedisLink(options);
  const settings = queueSettings(link, options.prefix);
  const queues = queueNames.map((name) => new Queue(name, settings));
  // The link tells of its failures; without a listener BullMQ prints them.
  for (const queue of queues) queue.on('error', () => undefined);
  return {
    adapters: queues.map((queue) => new BullMQAdapter(queue, { readOnlyMode: true })),
    look: (command) =>
      link.run('show its jobs', command, { prepare: () => Promise.all(queues.map((queue) => queue.waitUntilReady())) }),
    async close() {
      link.close();
      await Promise.allSettled(queues.map((queue) => queue.close()));
    },
  };
}
