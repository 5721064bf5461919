import type { RestoreTargetSource } from '#config';
import { AppError, type RestoreTargetHealth } from '#contracts';
import { lookAtRestoreTarget } from '#engine';
import type { WorkerParts } from '../core/worker-core.js';

/** A restore target before anybody has looked. */
export function unknownRestoreHealth({ name, scratch }: RestoreTargetSource): RestoreTargetHealth {
  return {
    ...{ target: name, scratch, reachable: null, serverVersion: null, topology: null, detail: null },
    checkedAt: null,
  };
}

/** A look at its server, within its time. Never throws: that it cannot be reached is the finding. */
export async function lookAtRestoreServer(
  { clock, tuning }: Pick<WorkerParts, 'clock' | 'tuning'>,
  target: RestoreTargetSource,
): Promise<RestoreTargetHealth> {
  const base = { ...unknownRestoreHealth(target), checkedAt: clock.now() };
  const limit = AbortSignal.timeout(tuning.probeTimeoutMs);
  try {
    const { version, topology } = await lookAtRestoreTarget(target.uri, limit);
    return { ...base, reachable: true, serverVersion: version, topology };
  } catch (thrown) {
    const error = AppError.from(thrown, 'probe');
    const detail = limit.aborted ? `no answer within ${tuning.probeTimeoutMs / 1000} s` : error.message;
    // A server that refuses us was reached.
    return { ...base, reachable: error.code !== 'target/unreachable' && !limit.aborted, detail };
  }
}
