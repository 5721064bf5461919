import { Module, type DynamicModule } from '@nestjs/common';
import { createMetrics, type MetricsOptions } from './metrics.js';

/** Injects the Metrics: `@Inject(METRICS) metrics: Metrics`. */
export const METRICS = Symbol('METRICS');

@Module({})
export class MetricsModule {
  static forRoot(options: MetricsOptions): DynamicModule {
    return {
      module: MetricsModule,
      global: true,
      providers: [{ provide: METRICS, useFactory: () => createMetrics(options) }],
      exports: [METRICS],
    };
  }
}
