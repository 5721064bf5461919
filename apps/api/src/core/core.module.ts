import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { AuditLog } from '../audit/audit-log.js';
import { RefusalLog } from '../audit/refusal-log.js';
import { ServiceLog } from '../logging/service-log.js';
import { UnusualActivity } from '../unusual/unusual-activity.js';
import type { Core } from './open-core.js';
import {
  API_CONFIG,
  CATALOG,
  CHANNELS,
  CLOCK,
  CONFIG_RELOAD,
  JOB_QUEUE,
  METRICS,
  RANDOM,
  RATE_LIMITS,
  STARTED,
  STORE,
  VERSION,
} from './tokens.js';

/** Gives every module what the process was started with. */
@Module({})
export class CoreModule {
  static of(core: Core): DynamicModule {
    const providers: Provider[] = [
      UnusualActivity,
      { provide: API_CONFIG, useValue: core.config },
      { provide: CONFIG_RELOAD, useValue: core.reload },
      { provide: VERSION, useValue: core.version },
      { provide: ServiceLog, useValue: core.log },
      { provide: CLOCK, useValue: core.clock },
      { provide: RANDOM, useValue: core.random },
      { provide: CATALOG, useValue: core.catalog },
      { provide: STARTED, useValue: core.started },
      { provide: JOB_QUEUE, useValue: core.queue },
      { provide: STORE, useValue: core.store },
      { provide: METRICS, useValue: core.metrics },
      { provide: CHANNELS, useValue: core.channels },
      { provide: RATE_LIMITS, useValue: core.limits },
      { provide: AuditLog, useFactory: () => new AuditLog(core.catalog, core.clock, core.log) },
      {
        provide: RefusalLog,
        inject: [AuditLog],
        useFactory: (audit: AuditLog) => new RefusalLog(audit, core.clock),
      },
    ];
    return { module: CoreModule, global: true, providers, exports: providers };
  }
}
