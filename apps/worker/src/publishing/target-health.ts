import type { SourceConfig } from '#config';
import { AppError, type TargetHealth } from '#contracts';
import type { WorkerParts } from '../core/worker-core.js';
import type { DumpEngines } from '../engines/dump-engines.js';

/** A target before anybody has looked. */
export function unknownHealth({ name, databases }: SourceConfig): TargetHealth {
  return {
    ...{ target: name, reachable: null, serverVersion: null, topology: null, detail: null, checkedAt: null },
    databases: [...databases],
  };
}

/** A look at a target's server, within its time. Never throws: that it cannot be reached is the finding. */
export async function lookAtTarget(
  { clock, tuning }: Pick<WorkerParts, 'clock' | 'tuning'>,
  engines: DumpEngines,
  target: SourceConfig,
): Promise<TargetHealth> {
  const base = { ...unknownHealth(target), checkedAt: clock.now() };
  const limit = AbortSignal.timeout(tuning.probeTimeoutMs);
  try {
    const { server, databases } = await engines.look(target, limit);
    return { ...base, reachable: true, serverVersion: server.version, topology: server.topology, databases };
  } catch (thrown) {
    const error = AppError.from(thrown, 'probe');
    const detail = limit.aborted ? `no answer within ${tuning.probeTimeoutMs / 1000} s` : error.message;
    // A server that refuses us was reached.
    return { ...base, reachable: error.code !== 'source/unreachable' && !limit.aborted, detail };
  }
}
