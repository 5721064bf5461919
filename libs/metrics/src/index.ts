export { mayReadMetrics } from './metrics-access.js';
export { METRICS, MetricsModule } from './metrics.module.js';
export { createMetrics, type BackupEnd, type Metrics, type MetricsOptions, type StoreFindings } from './metrics.js';
export { startResourceMeter, type ResourceMeter } from './resource-meter.js';
