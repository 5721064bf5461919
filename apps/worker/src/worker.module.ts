import { Module, type DynamicModule } from '@nestjs/common';
import { CORE } from './core/tokens.js';
import type { WorkerCore } from './core/worker-core.js';
import { HealthService } from './probes/health.service.js';
import { MetricsController } from './probes/metrics.controller.js';
import { ProbesController } from './probes/probes.controller.js';
import { WorkerState } from './probes/worker-state.js';

/** What the process is from its first moment on: its port for probes and metrics. The work follows when everything was reached (work.module.ts). */
@Module({})
export class WorkerModule {
  static of(core: WorkerCore): DynamicModule {
    return {
      module: WorkerModule,
      controllers: [ProbesController, MetricsController],
      providers: [{ provide: CORE, useValue: core }, WorkerState, HealthService],
    };
  }
}
