import { BullModule, getQueueToken } from '@nestjs/bullmq';
import { Module, type DynamicModule, type FactoryProvider, type ModuleMetadata } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { queueNames } from '#contracts';
import { BullJobQueue, queueSettings, type JobQueueOptions, type Queues } from './job-queue.js';
import { RedisLink } from './redis-link.js';

/** Injects the JobQueue: `@Inject(JOB_QUEUE) queue: JobQueue`. */
export const JOB_QUEUE = Symbol('JOB_QUEUE');
const LINK = Symbol('QUEUE_LINK');
const OPTIONS = Symbol('QUEUE_OPTIONS');

export interface QueueModuleOptions extends Pick<ModuleMetadata, 'imports'> {
  readonly inject?: FactoryProvider['inject'];
  readonly useFactory: (...injected: never[]) => JobQueueOptions | Promise<JobQueueOptions>;
}

// A key of its own: the settings below must not become those of workers, which wait for Redis instead of failing fast.
const configKey = 'hazina-fail-fast';

@Module({})
class QueueLinkModule {}

/** The four queues of @nestjs/bullmq on one fail-fast connection, behind JOB_QUEUE; closed at shutdown. */
@Module({})
export class QueueModule {
  static forRootAsync(options: QueueModuleOptions): DynamicModule {
    const link: DynamicModule = {
      module: QueueLinkModule,
      imports: options.imports ?? [],
      providers: [
        { provide: OPTIONS, useFactory: options.useFactory, inject: options.inject ?? [] },
        { provide: LINK, useFactory: (settings: JobQueueOptions) => new RedisLink(settings), inject: [OPTIONS] },
      ],
      exports: [OPTIONS, LINK],
    };
    return {
      module: QueueModule,
      global: true,
      imports: [
        link,
        BullModule.forRootAsync(configKey, {
          imports: [link],
          inject: [OPTIONS, LINK],
          useFactory: (settings: JobQueueOptions, redis: RedisLink) => queueSettings(redis, settings.prefix),
        }),
        BullModule.registerQueue(...queueNames.map((name) => ({ name, configKey }))),
      ],
      providers: [
        {
          provide: JOB_QUEUE,
          inject: [LINK, ...queueNames.map((name) => getQueueToken(name))],
          useFactory: (redis: RedisLink, ...queues: Queue[]) => {
            const byName = Object.fromEntries(queues.map((queue) => [queue.name, queue])) as unknown as Queues;
            const queue = new BullJobQueue(redis, byName);
            return Object.assign(queue, { onApplicationShutdown: () => queue.close() });
          },
        },
      ],
      exports: [JOB_QUEUE],
    };
  }
}
