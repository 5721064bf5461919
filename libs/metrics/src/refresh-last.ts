import type { BackupRecord } from '#contracts';
import type { Metrics } from './metrics.js';

/** What the catalogue tells of the last runs. */
export interface LastRunsSource {
  /** The newest outcomes of a target. */
  latest(target: string, limit: number): Promise<readonly BackupRecord[]>;
  /** End of the newest completed backup, by target. */
  lastSuccess(): Promise<Readonly<Record<string, Date>>>;
}

/** Outcomes of a target that are looked at for status, size and verification; the last success is asked for by itself, however many failures came after it. */
const looked = 20;

/**
 * The `last_*` gauges from the catalogue: neither a restart nor a process that did not make the backup itself may look like "never". Called at start-up and
 * again and again, with every target that is configured: what was told of others goes. They are asked for twice, for the configuration may be read again meanwhile.
 */
export async function refreshLast(
  metrics: Pick<Metrics, 'restoreLast' | 'lastSucceeded' | 'targetsConfigured'>,
  source: LastRunsSource,
  targets: () => readonly string[],
): Promise<void> {
  const successes = await source.lastSuccess();
  for (const target of targets()) {
    metrics.restoreLast(await source.latest(target, looked));
    const at = successes[target];
    if (at !== undefined) metrics.lastSucceeded(target, at);
  }
  metrics.targetsConfigured(targets());
}
