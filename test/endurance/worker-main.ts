import { fail, runWorker } from '../../apps/worker/src/run-worker.js';

// A worker of the endurance run: the same process as apps/worker, with shorter pauses, so that minutes hold what otherwise takes hours.
runWorker({
  ...{ retryBaseMs: 2_000, retryMostMs: 10_000, persistMostMs: 4_000, startPauseMs: 500, probeEveryMs: 10_000 },
  locks: { lockDuration: 10_000, lockRenewTime: 2_500, stalledInterval: 4_000 },
}).catch((error: unknown) => fail(error));
