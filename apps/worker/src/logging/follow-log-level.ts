import type { Catalog } from '#catalog';
import type { WorkerConfig } from '#config';
import type { Clock } from '#contracts';
import type { WorkerLog } from './worker-log.js';

export interface FollowLogLevelDeps {
  readonly catalog: Pick<Catalog, 'settings'>;
  readonly config: Pick<WorkerConfig, 'logLevel'>;
  readonly clock: Clock;
  readonly log: WorkerLog;
}

/** How often it is looked for. */
export const logLevelMs = 10_000;

/**
 * Sets the log level that an admin wished by the API, and the configured one when its time is over. While the catalogue is away the wish that is known holds until its
 * end. What belongs to a run that is under way keeps the level that it began with.
 */
export function followLogLevel({ catalog, config, clock, log }: FollowLogLevelDeps): () => Promise<void> {
  let until = -Infinity;
  return async () => {
    let level: string | undefined;
    try {
      const wish = await catalog.settings.logLevel(clock.now());
      level = wish?.level ?? config.logLevel;
      until = wish?.until.getTime() ?? -Infinity;
    } catch {
      if (until <= clock.now().getTime()) level = config.logLevel;
    }
    if (level === undefined || log.pino.level === level) return;
    const before = log.pino.level;
    log.pino.level = level;
    log.info('log level', { before, level });
  };
}
